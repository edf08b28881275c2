// Names as people have them: folders, words of which few are frequent, numbers, endings, some accents.
// The same for the same seed.
import { drawnBy, randomFrom, type Random } from './random.ts';

/** Words in a vocabulary; the most frequent ones are those below. */
const VOCABULARY = 20_000;
/** Of words this share has accents, as in a mixed group of people. */
const ACCENTED = 0.06;

const FREQUENT =
  `the of and a in to photo img holiday music summer report final project notes live best new old copy
  backup family birthday winter love night day blue red black white big little house garden city street
  river mountain sea island travel trip paris london berlin rome madrid vienna york tokyo party wedding
  concert band album session track remix acoustic piano guitar violin symphony sonata quartet orchestra
  lecture chapter exercise solution exam homework thesis paper draft review slides seminar course week
  networking computer systems data analysis model budget invoice contract letter tax plan minutes agenda
  meeting client design logo poster draft scan receipt manual guide recipe book story poem novel world
  history art science nature animal bird forest star moon sun light shadow dream heart time life road
  train bike car boat plane game play team season episode movie trailer interview documentary original
  soundtrack café déjà été naïve über schön grün fiancé señor mañana garçon château søster ångström`
    .split(/\s+/)
    .map((word) => word.normalize('NFC'));

const SYLLABLES =
  `ba be bi bo bu ca ce ci co cu da de di do du fa fe fi fo ga ge go ha he hi ho ja jo ka ke ki ko la le
  li lo lu ma me mi mo mu na ne ni no nu pa pe pi po qua ra re ri ro ru sa se si so su ta te ti to tu va
  ve vi vo wa we wi wo ya yo za zo an en in on un ar er ir or ur al el il ol as es is os at et it ot
  bran stra plen trin grel dorf stein ville ford ton ham berg lund`.split(/\s+/);
const ACCENTS: [string, string][] = [
  ['a', 'á'],
  ['e', 'é'],
  ['o', 'ö'],
  ['u', 'ü'],
  ['i', 'í'],
  ['n', 'ñ'],
  ['c', 'ç'],
];

const ENDINGS = {
  photo: ['jpg', 'JPG', 'jpeg', 'png', 'heic', 'raw'],
  music: ['mp3', 'flac', 'm4a', 'ogg', 'wav'],
  film: ['mkv', 'mp4', 'avi', 'srt'],
  text: ['pdf', 'docx', 'txt', 'odt', 'xlsx', 'pptx', 'epub', 'md'],
  code: ['ts', 'js', 'py', 'c', 'h', 'java', 'json', 'html', 'css'],
  archive: ['zip', 'tar.gz', 'iso', '7z', 'deb'],
};

/** @returns so many different names, in NFC, in the order in which they came to mind */
export function namesFrom(seed: number, count: number): string[] {
  const random = randomFrom(seed);
  const words = vocabulary(random);
  const rank = drawnBy(
    words.map((_, n) => 1 / (n + 3)),
    random,
  );
  const word = () => words[rank()] ?? '';
  const names = new Set<string>();
  const kind = drawnBy([30, 25, 8, 20, 12, 5], random);
  let folder = '';
  while (names.size < count) {
    const of = KINDS[kind()] ?? photo;
    // Files come in folders of some: a new folder for every dozen.
    if (folder === '' || random.below(12) === 0)
      folder = Array.from({ length: random.below(4) }, () => folderName(word, random)).join('/');
    const name = `${folder}${folder && '/'}${of(word, random)}`;
    names.add(name.normalize('NFC'));
  }
  return [...names];
}

type Word = () => string;

const KINDS = [photo, music, film, text, code, archive];

function photo(word: Word, random: Random): string {
  const number = String(random.below(10_000)).padStart(4, '0');
  const named = random.below(3) === 0 ? `${word()} ${number}` : `IMG_${yearIn(random)}${number}`;
  return `${named}.${endingOf('photo', random)}`;
}

function music(word: Word, random: Random): string {
  const track = String(1 + random.below(24)).padStart(2, '0');
  return `${track} - ${titled(word, 1 + random.below(4))}.${endingOf('music', random)}`;
}

function film(word: Word, random: Random): string {
  const title = [word(), word(), word()].slice(random.below(2)).join('.');
  return `${title}.${yearIn(random)}.${random.below(2) === 0 ? '1080p' : '720p'}.${endingOf('film', random)}`;
}

function text(word: Word, random: Random): string {
  const version = random.below(3) === 0 ? ` v${1 + random.below(9)}` : '';
  return `${[word(), word(), word()].slice(random.below(3)).join(' ')}${version}.${endingOf('text', random)}`;
}

function code(word: Word, random: Random): string {
  return `${word()}-${word()}.${endingOf('code', random)}`;
}

function archive(word: Word, random: Random): string {
  return `${word()}_${word()}-${random.below(20)}.${random.below(10)}.${random.below(100)}.${endingOf('archive', random)}`;
}

function folderName(word: Word, random: Random): string {
  if (random.below(4) === 0) return String(yearIn(random));
  return titled(word, 1 + random.below(2));
}

function titled(word: Word, count: number): string {
  return Array.from({ length: count }, () => {
    const each = word();
    return each.charAt(0).toUpperCase() + each.slice(1);
  }).join(' ');
}

function yearIn(random: Random): number {
  return 1990 + random.below(37);
}

function endingOf(kind: keyof typeof ENDINGS, random: Random): string {
  const endings = ENDINGS[kind];
  return endings[random.below(endings.length)] ?? '';
}

function vocabulary(random: Random): string[] {
  const words = new Set(FREQUENT);
  while (words.size < VOCABULARY) {
    const syllables = Array.from(
      { length: 2 + random.below(3) },
      () => SYLLABLES[random.below(SYLLABLES.length)] ?? '',
    );
    const plain = syllables.join('');
    const [letter, accented] = ACCENTS[random.below(ACCENTS.length)] ?? ['', ''];
    words.add(random.next() < ACCENTED ? plain.replace(letter, accented) : plain);
  }
  return [...words];
}
