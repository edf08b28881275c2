// What the figures mean: tables of what was measured, and the bars. A figure that is not there is not
// made up.
import type { Heartbeats } from './heartbeats.ts';
import { CONTRACTS, PRIVATE_TWIN, type Asked } from './look-ups.ts';
import type { Load } from './load.ts';
import { isDisturbed, MOST_STOLEN, MOST_WAITED, type Memory, type Watched } from './machine.ts';
import type { Registration } from './registration.ts';
import type { Restart } from './restarts.ts';
import type { Search } from './searches.ts';

/** What was measured with one number of names. */
export interface Sized {
  index: string;
  names: number;
  registration: Watched<Registration>;
  /** MB (10^6 bytes). */
  database: number;
  restarts: Watched<Restart>[];
  searches: Watched<Search>[];
  /** Of the process that answered look-ups and searches. */
  memory: Memory;
  heartbeats?: Watched<Heartbeats>;
}

/** All of one engine. */
export interface Measured {
  engine: string;
  sizes: Sized[];
  asked: Asked[];
}

const NOT_THERE = '–';
/** The most names that a bar speaks of, and the fewest. */
const [MANY, FEW] = [1_000_000, 10_000];
/** Fewer queries have no 99th percentile. */
const FEWEST_QUERIES = 500;

export function reportText({ engine, sizes, asked }: Measured): string {
  return [
    `## ${engine}`,
    registrationTable(sizes),
    askedTable(asked),
    searchTable(sizes),
    restartTable(sizes),
    heartbeatTable(sizes),
    engine === 'sqlite' ? barsTable(sizes, asked) : '',
    `Others: of all cores’ time what the host gave to others, and of its own time how long the process that is measured waited for its core; of several runs the most. A figure with * had more than ${MOST_STOLEN * 100} % or ${MOST_WAITED * 100} % taken away, and is worth little.`,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function registrationTable(sizes: Sized[]): string {
  return table(
    'index | offers | registered in, s | names/s | CPU s | longest call, s | memory, MB (most) | database, MB | others',
    sizes.map(({ index, names, registration, database }) => {
      const { figures } = registration;
      return [
        ...[index, figures.offers, figures.seconds.toFixed(1) + markOf(registration)],
        ...[(names / figures.seconds).toFixed(0), figures.cpu.toFixed(1)],
        ...[figures.longestCall.toFixed(2), figures.memory.most.toFixed(0), database.toFixed(0)],
        othersText([registration]),
      ];
    }),
  );
}

function askedTable(asked: Asked[]): string {
  return table(
    'who | contract | answers/s | in each round | of the bare route (by CPU) | of bittorrent-tracker (by CPU) | CPU ms for 1,000 | median, ms | p99, ms | bytes | load’s core busy | others',
    asked.map((each) => {
      const of = (figure: (load: Load) => number) => median(figuresOf(each).map(figure));
      return [
        ...[each.who, each.contract ?? NOT_THERE],
        of(({ perSecond }) => perSecond).toFixed(0),
        each.rounds.map((round) => round.figures.perSecond.toFixed(0) + markOf(round)).join(', '),
        ratiosText(each, bareFor(asked, each)),
        ratiosText(each, named(asked, 'bittorrent-tracker')),
        of(({ cpuPerThousand }) => cpuPerThousand * 1000).toFixed(0),
        ...[of(({ median }) => median), of(({ p99 }) => p99)].map((ms) => ms.toFixed(2)),
        of(({ answerBytes }) => answerBytes).toFixed(0),
        percent(of(({ loadBusy }) => loadBusy)),
        othersText(each.rounds),
      ];
    }),
  );
}

function searchTable(sizes: Sized[]): string {
  return table(
    'index | search | clients | queries | median, ms | p90 | p99 | most | others',
    sizes.flatMap(({ index, searches }) =>
      searches.map((search) => {
        const { kind, clients, times, wanted } = search.figures;
        return [
          ...[index, kind, clients],
          times.length < wanted ? `${times.length}, too slow for more` : times.length,
          ...[at(times, 0.5), at(times, 0.9), p99Of(times), at(times, 1)].map(
            (ms) => `${ms?.toFixed(1) ?? NOT_THERE}${markOf(search)}`,
          ),
          othersText([search]),
        ];
      }),
    ),
  );
}

function restartTable(sizes: Sized[]): string {
  return table(
    'index | after | ready, s | first look-up, s | first search, s | others',
    sizes.flatMap(({ index, restarts }) =>
      restarts.map((restart) => {
        const { after, ready, lookUp, search } = restart.figures;
        return [
          ...[index, after, ready.toFixed(2) + markOf(restart), lookUp.toFixed(2)],
          ...[search.toFixed(2), othersText([restart])],
        ];
      }),
    ),
  );
}

function heartbeatTable(sizes: Sized[]): string {
  return table(
    'index | peers | renewals/s (due) | late | of a core | median, ms | p99, ms | memory of look-ups and searches, MB (now, most) | of heartbeats | others',
    sizes.flatMap(({ index, memory, heartbeats }) => {
      if (!heartbeats) return [];
      const { figures } = heartbeats;
      const perSecond = (renewals: number) => (renewals / figures.seconds).toFixed(0);
      return [
        [
          ...[
            index,
            figures.peers,
            `${perSecond(figures.renewals)} (${perSecond(figures.expected)})`,
          ],
          ...[figures.late, percent(figures.busy) + markOf(heartbeats), figures.median.toFixed(2)],
          ...[figures.p99.toFixed(2), memoryText(memory), memoryText(figures.memory)],
          othersText([heartbeats]),
        ],
      ];
    }),
  );
}

function barsTable(sizes: Sized[], asked: Asked[]): string {
  const many = sizes.find(({ names }) => names === MANY);
  const indexOf = (names: number) => sizes.find((each) => each.names === names)?.index;
  const registries = asked.filter(({ who }) => sizes.some(({ index }) => index === who));
  const tracker = named(asked, 'bittorrent-tracker');
  const rows: Row[] = registries.flatMap((each) => [
    quickerThan(`look-up, ${nameOf(each)} / bare route`, 0.6, each, bareFor(asked, each)),
    quickerThan(`look-up, ${nameOf(each)} / bittorrent-tracker`, 2, each, tracker),
  ]);
  const twin = named(asked, PRIVATE_TWIN);
  const open = registries.find(({ contract }) => contract === 'native');
  if (twin) rows.push(quickerThan('look-up with a key, over TLS / without', 0.7, twin, open));
  for (const contract of CONTRACTS) {
    const of = (names: number) =>
      registries.find((each) => each.contract === contract && each.who === indexOf(names));
    const [large, small] = [of(MANY), of(FEW)];
    if (large)
      rows.push(quickerThan(`look-up, ${contract}, 1,000,000 / 10,000`, 0.8, large, small));
  }
  if (many) {
    for (const clients of [1, 4]) {
      const worst = many.searches
        .filter(({ figures }) => figures.clients === clients)
        .map(({ figures: { times } }) => p99Of(times) ?? NaN);
      if (worst.length > 0)
        rows.push(most(`search p99, ms, worst kind, ${clients} at a time`, 50, Math.max(...worst)));
    }
    rows.push(most('1,000,000 names registered, s', 60, many.registration.figures.seconds));
    if (many.restarts.length > 0) {
      const ready = many.restarts.map(({ figures: { lookUp } }) => lookUp);
      rows.push(most('ready after a restart, s', 3, Math.max(...ready)));
    }
    const memory = [many.memory, many.registration.figures.memory, many.heartbeats?.figures.memory];
    rows.push(most('memory, MB', 400, Math.max(...memory.map((each) => each?.most ?? 0))));
    if (many.heartbeats)
      rows.push(most('10,000 heartbeats, of a core', 0.2, many.heartbeats.figures.busy));
  }
  return table('bar | measured | by CPU | wanted | met', rows);
}

type Row = (string | number)[];

function quickerThan(what: string, bar: number, one: Asked, other: Asked | undefined): Row {
  const [ratio, byCpu] = [ratioOf(one, other), ratioOf(one, other, perCpuSecond)];
  if (ratio === null) return [what, 'not measured', NOT_THERE, `≥ ${bar}`, NOT_THERE];
  const met = ratio >= bar ? 'yes' : 'no';
  return [what, ratio.toFixed(2), byCpu?.toFixed(2) ?? NOT_THERE, `≥ ${bar}`, met];
}

function most(what: string, bar: number, measured: number): Row {
  if (Number.isNaN(measured)) return [what, 'not measured', NOT_THERE, `≤ ${bar}`, NOT_THERE];
  return [what, measured.toFixed(2), NOT_THERE, `≤ ${bar}`, measured <= bar ? 'yes' : 'no'];
}

/** The median of the ratios of each round: both were measured one after the other. */
function ratioOf(
  one: Asked,
  other: Asked | undefined,
  of: (load: Load) => number = ({ perSecond }) => perSecond,
): number | null {
  if (!other || one === other) return null;
  const others = figuresOf(other).map(of);
  return median(figuresOf(one).map((load, round) => of(load) / (others[round] ?? NaN)));
}

/** Answers for a second of CPU: on a busy machine steadier than answers in a second. */
function perCpuSecond({ cpuPerThousand }: Load): number {
  return 1000 / cpuPerThousand;
}

function bareFor(asked: Asked[], { contract }: Asked): Asked | undefined {
  return asked.find((each) => each.who === 'bare' && each.contract === (contract ?? 'native'));
}

function named(asked: Asked[], who: string): Asked | undefined {
  return asked.find((each) => each.who === who);
}

function nameOf({ who, contract }: Asked): string {
  return `${who}, ${contract ?? NOT_THERE}`;
}

function figuresOf({ rounds }: Asked): Load[] {
  return rounds.map(({ figures }) => figures);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function at(sorted: number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function p99Of(sorted: number[]): number | null {
  return sorted.length < FEWEST_QUERIES ? null : (at(sorted, 0.99) ?? null);
}

function markOf(watched: Watched<unknown>): string {
  return isDisturbed(watched) ? '*' : '';
}

function othersText(all: Watched<unknown>[]): string {
  const most = (of: (each: Watched<unknown>) => number) => percent(Math.max(...all.map(of)));
  return `${most(({ stolen }) => stolen)}, ${most(({ waited }) => waited)}`;
}

function memoryText({ now, most }: Memory): string {
  return `${now.toFixed(0)}, ${most.toFixed(0)}`;
}

function ratiosText(one: Asked, other: Asked | undefined): string {
  const [ratio, byCpu] = [ratioOf(one, other), ratioOf(one, other, perCpuSecond)];
  return ratio === null || byCpu === null ? NOT_THERE : `${ratio.toFixed(2)} (${byCpu.toFixed(2)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function table(head: string, rows: Row[]): string {
  if (rows.length === 0) return '';
  const columns = head.split('|').length;
  return [`| ${head} |`, `|${' --- |'.repeat(columns)}`]
    .concat(rows.map((cells) => `| ${cells.join(' | ')} |`))
    .join('\n');
}
