// Searches as people type them, one client at a time and four at a time: how long each answer takes.
import { Agent } from 'node:http';
import { call } from './call.ts';
import { inPeace, type Watched } from './machine.ts';
import { randomFrom, type Random } from './random.ts';
import type { RegistryProcess } from './registry-process.ts';

const SEED = 17;
/** Texts that so many names hold, more or less: endings and the commonest words. */
const BROAD =
  `jpg mp3 img flac pdf the a e o 1 20 200 19 mkv png txt docx 01 02 03 0 of and in ra re an . - IMG_`.split(
    /\s+/,
  );

export interface Search {
  kind: string;
  clients: number;
  /** Of each query, in milliseconds, in order of length. */
  times: number[];
  /** How many queries were wanted. */
  wanted: number;
}

interface Kind {
  name: string;
  text: (names: string[], random: Random) => string;
  /** Whether something must be found. */
  finds: boolean;
}

const KINDS: Kind[] = [
  { name: '3 letters', text: (names, random) => lettersOf(names, random, 3), finds: true },
  { name: '10 letters', text: (names, random) => lettersOf(names, random, 10), finds: true },
  { name: 'two words', text: twoWordsOf, finds: true },
  {
    name: 'very much',
    text: (_names, random) => BROAD[random.below(BROAD.length)] ?? '',
    finds: true,
  },
  {
    name: 'nothing',
    text: (names, random) => `${lettersOf(names, random, 4)}qxzj`,
    finds: false,
  },
];

/** @param seconds how long one kind may take: who is too slow answers fewer queries than are wanted */
export async function measureSearches(
  registry: RegistryProcess,
  names: string[],
  { wanted, seconds, repetitions }: { wanted: number; seconds: number; repetitions: number },
): Promise<Watched<Search>[]> {
  const searches: Watched<Search>[] = [];
  for (const clients of [1, 4])
    for (const kind of KINDS) {
      const search = await inPeace(
        `search, ${kind.name}`,
        registry.pid,
        () => measureKind(registry, names, { kind, clients, wanted, seconds }),
        repetitions,
      );
      searches.push(search);
      const { times } = search.figures;
      console.error(
        `${registry.index}, search, ${kind.name}, ${clients} at a time: ${times.length} queries, most ${times.at(-1)?.toFixed(1) ?? '?'} ms`,
      );
    }
  return searches;
}

async function measureKind(
  { port }: RegistryProcess,
  names: string[],
  options: { kind: Kind; clients: number; wanted: number; seconds: number },
): Promise<Search> {
  const { kind, clients, wanted, seconds } = options;
  const random = randomFrom(SEED);
  const texts = Array.from({ length: wanted }, () => kind.text(names, random));
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const times: number[] = [];
  const until = performance.now() + seconds * 1000;
  const client = async () => {
    for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
      const begun = performance.now();
      if (begun > until) return;
      const path = `/api/v1/search?text=${encodeURIComponent(text)}`;
      const { text: answer } = await call(agent, port, 'GET', path);
      times.push(performance.now() - begun);
      const { found } = JSON.parse(answer) as { found: unknown[] };
      if (found.length > 0 !== kind.finds)
        throw new Error(`A search for “${text}” found ${found.length} names.`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return { kind: kind.name, clients, times: times.sort((a, b) => a - b), wanted };
}

/** So many letters in a row from some word of some name. */
function lettersOf(names: string[], random: Random, count: number): string {
  for (;;) {
    const words = wordsOf(names, random).filter((word) => word.length >= count);
    const word = words[random.below(words.length)];
    if (word !== undefined) return from(word, random, count);
  }
}

function from(word: string, random: Random, count: number): string {
  const at = random.below(word.length - count + 1);
  return word.slice(at, at + count);
}

function twoWordsOf(names: string[], random: Random): string {
  for (;;) {
    const [one, ...others] = wordsOf(names, random).filter((word) => word.length >= 3);
    const other = others[random.below(others.length)];
    if (one !== undefined && other !== undefined) return `${other} ${one}`;
  }
}

function wordsOf(names: string[], random: Random): string[] {
  return (names[random.below(names.length)] ?? '').split(/[^\p{L}\p{N}]+/u);
}
