// npm run fuzz: every parser of what comes from outside, on inputs that are nearly right. An input follows
// from the seed, the parser and its number alone, so that each can be had again, and a run goes on where the
// last one ended.
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { catalogue, cursor, problem, registryAnswers } from './fuzz/bodies.ts';
import { BYTES } from './fuzz/bytes.ts';
import {
  configFile,
  identityFile,
  networksFile,
  partState,
  pieceNotes,
  scratchFolder,
  stateFile,
} from './fuzz/files.ts';
import { inputFrom } from './fuzz/mutate.ts';
import type { Parser } from './fuzz/parser.ts';
import { Random } from './fuzz/random.ts';
import { joinLink, ticket } from './fuzz/tickets.ts';
import { TEXTS } from './fuzz/texts.ts';
import { peerPort, registryPort, source } from './fuzz/wires.ts';

const USAGE = `npm run fuzz -- [--minutes N] [--seed S] [--only PARSER] [--from COUNT] [--count N] [--state FILE]
  --minutes N    how long, default 1
  --seed S       decides all inputs, default 1
  --only PARSER  of this one alone
  --from COUNT   the number of the first input, default 0
  --count N      so many inputs of each parser, however long it takes
  --state FILE   begins where the run that wrote it ended, and writes where this one does`;
/** Parsers take turns of so long. */
const TURN_MS = 250;
/** Of one parser so many findings are told; more of them are likely the same. */
const MAX_FINDINGS = 5;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
    count: { type: 'string' },
    state: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

interface Turn {
  parser: Parser;
  good: [Buffer, ...Buffer[]];
  isJson: boolean;
  /** Inputs of earlier runs, too. */
  count: number;
  first: number;
  findings: number;
}

if (flags.help) console.log(USAGE);
else await fuzz();

async function fuzz(): Promise<void> {
  const scratch = await scratchFolder();
  const running = [await peerPort(scratch.folder), await registryPort(), await source()];
  const parsers: Parser[] = [
    ...[...TEXTS, ...BYTES, problem, await catalogue(), await cursor(), await registryAnswers()],
    ...[joinLink, await ticket()],
    ...[stateFile, partState, pieceNotes, configFile, networksFile, identityFile].map((make) =>
      make(scratch.folder),
    ),
    ...running.flatMap((each) => each.parsers),
  ];
  const counts = await countsOf(flags.state);
  const turns = parsers
    .filter(({ name }) => flags.only === undefined || name === flags.only)
    .map((parser) => turnOf(parser, counts[parser.name] ?? Number(flags.from)));
  if (turns.length === 0)
    console.error(
      `No parser is called ${flags.only ?? ''}. There are: ${parsers.map(({ name }) => name).join(', ')}.`,
    );
  // Whatever is thrown where nobody waits for it is a finding, too; of which input, the last ones say.
  process.on('uncaughtException', (error) => {
    for (const turn of turns.filter((each) => each.count > each.first))
      console.error(`${turn.parser.name}: at about ${turn.count}`);
    console.error(error);
    process.exit(1);
  });
  await takeTurns(turns);
  for (const { stop } of running) await stop();
  await scratch.remove();
  report(turns);
  if (flags.state !== undefined) {
    for (const { parser, count } of turns) counts[parser.name] = count;
    await writeFile(flags.state, JSON.stringify({ seed: flags.seed, counts }));
  }
  const isClean = turns.length > 0 && turns.every(({ findings }) => findings === 0);
  process.exit(isClean ? 0 : 1);
}

function turnOf(parser: Parser, first: number): Turn {
  const isJson = parser.good.every(
    (each) => typeof each === 'object' && !(each instanceof Uint8Array),
  );
  const [one = Buffer.alloc(0), ...others] = parser.good.map((each) =>
    typeof each === 'string' || each instanceof Uint8Array
      ? Buffer.from(each as string)
      : Buffer.from(JSON.stringify(each)),
  );
  return { parser, good: [one, ...others], isJson, count: first, first, findings: 0 };
}

async function takeTurns(turns: Turn[]): Promise<void> {
  const wanted = flags.count === undefined ? Infinity : Number(flags.count);
  const until =
    flags.count === undefined ? performance.now() + Number(flags.minutes) * 60_000 : Infinity;
  const isOver = () => performance.now() >= until;
  let waiting = turns;
  while (waiting.length > 0 && !isOver()) {
    for (const turn of waiting) {
      const end = performance.now() + TURN_MS;
      const isDone = () => turn.count - turn.first >= wanted || performance.now() >= end;
      while (!isDone() && turn.findings < MAX_FINDINGS)
        await Promise.all(Array.from({ length: turn.parser.atOnce ?? 1 }, () => tryNext(turn)));
      if (isOver()) break;
    }
    waiting = waiting.filter(
      (turn) => turn.count - turn.first < wanted && turn.findings < MAX_FINDINGS,
    );
  }
}

async function tryNext(turn: Turn): Promise<void> {
  const { parser, good, isJson } = turn;
  const number = turn.count++;
  const input = inputFrom(good, isJson, new Random(flags.seed, parser.name, number));
  try {
    const judged = parser.judge(input);
    if (judged) await judged;
  } catch (error) {
    turn.findings++;
    console.error(
      `✖ ${parser.name}, seed ${flags.seed}, input ${number}: ${input.toString('base64')}`,
    );
    console.error(error);
  }
}

async function countsOf(file: string | undefined): Promise<Record<string, number>> {
  if (file === undefined) return {};
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return {};
  const { seed, counts } = JSON.parse(text) as { seed: string; counts: Record<string, number> };
  if (seed !== flags.seed) throw new Error(`${file} is of the seed ${seed}.`);
  return counts;
}

function report(turns: Turn[]): void {
  let all = 0;
  for (const { parser, count, first, findings } of turns) {
    all += count - first;
    const found = findings > 0 ? `, ${findings} findings` : '';
    console.log(`${String(count - first).padStart(10)}  ${parser.name}${found}`);
  }
  console.log(`${String(all).padStart(10)}  inputs judged, seed ${flags.seed}`);
}
