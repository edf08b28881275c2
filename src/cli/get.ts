// sp2p get: downloads a content by its name or its root.
import { Command, InvalidArgumentError, type Option } from 'commander';
import {
  connectRegistry,
  type ExerciseRegistry,
  type NativeRegistry,
} from '../client/registry-client.ts';
import { pause } from '../lib/lifecycle.ts';
import { targetOf } from '../peer/download/target.ts';
import { CodedError } from '../protocol/errors.ts';
import { parseRoot } from '../protocol/merkle.ts';
import { parseName, printable } from '../protocol/names.ts';
import {
  fetchUnverified,
  fetchVerified,
  type Fetched,
  type FetchOptions,
  type GetFlags,
  type Served,
} from './fetch.ts';
import { durationText } from './progress.ts';
import { Limits } from './limits.ts';
import { withNetwork } from './networks.ts';
import {
  jsonOption,
  limitsOption,
  logOption,
  maxDownloadOption,
  maxUploadOption,
  option,
  wholeNumber,
} from './options.ts';
import { bytesText, countText, jsonText, print, say, untilSignalled } from './terminal.ts';
import { chosenVersion } from './versions.ts';

/** How often a registry is asked again for what it does not know yet. */
const ASK_AGAIN_MS = 2_000;
/** What a timer can wait. */
const MAX_SEED_MINUTES = 24 * 24 * 60;
const MAX_WAIT_SECONDS = 365 * 24 * 60 * 60;
/** The person is told of so many sources that failed; `--json` tells all. */
const MAX_TOLD = 5;

/** What was asked for: a name, a root, or both. */
type Asked = { name: string; root?: undefined } | { name?: string | undefined; root: string };

/** What is to be downloaded: a content, or, where nobody has told which one it is, just a name. */
interface Wanted {
  name: string;
  root: string | null;
  /** Bytes, as the registry has it; null: it does not know, or its peers differ. */
  size: number | null;
  /** Whether some offer the name who do not tell which content they have. */
  hasUntold: boolean;
}

/** What `--json` prints. */
interface Result extends Fetched {
  name: string;
  root: string | null;
  seconds: number;
}

export function getCommand(): Command {
  return withNetwork(new Command('get'))
    .description('download a file from everyone who holds it')
    .argument('[name]', 'the name, as search shows it; may be left out with --root')
    .addOption(
      option('-o, --output <path>', 'a file or a folder to put it; - is stdout').default(
        undefined,
        'the current folder',
      ),
    )
    .addOption(rootOption())
    .addOption(
      option('--wait <seconds>', 'where there is no source, wait so long for one')
        .default(0)
        .argParser(wholeNumber(0, MAX_WAIT_SECONDS)),
    )
    .addOption(option('--no-share', 'serve nothing of it to others meanwhile'))
    .addOption(
      option('--listen <port>', 'the port to serve it on meanwhile')
        .default(0, 'a free one')
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      option('--seed <minutes>', 'go on serving it for so long when everything is there')
        .default(0)
        .argParser(wholeNumber(0, MAX_SEED_MINUTES)),
    )
    .addOption(option('--sequential', 'in order, for reading while it comes; as -o - is'))
    .addOption(option('-f, --force', 'replace a file that is there already'))
    .addOption(maxDownloadOption())
    .addOption(maxUploadOption())
    .addOption(limitsOption())
    .addOption(jsonOption())
    .addOption(logOption())
    .action(async (text: string | undefined, flags: GetFlags) => {
      const asked = askedFor(text === undefined ? undefined : parseName(text), flags.root);
      const stopping = new AbortController();
      void untilSignalled().then(() => {
        stopping.abort();
      });
      await get(asked, flags, stopping.signal);
    });
}

function rootOption(): Option {
  return option('--root <hex>', 'the content that is meant, by its root').argParser(
    (text: string) => {
      try {
        return parseRoot(text);
      } catch {
        throw new InvalidArgumentError('A root is 64 hex digits.');
      }
    },
  );
}

function askedFor(name: string | undefined, root: string | undefined): Asked {
  if (root !== undefined) return { name, root };
  if (name !== undefined) return { name };
  throw new CodedError('bad-usage', 'Name a file, or give its --root.');
}

/** Downloads what a name or a root stands for, says how it went, and serves it on if it is to. */
export async function get(asked: Asked, flags: GetFlags, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const toStdout = flags.output === '-';
  const registry = await connectRegistry(flags.network, signal);
  const wanted = await whatIsWanted(asked, registry, flags, signal);
  const target = toStdout ? '-' : await targetOf(wanted.name, flags.output);
  const limits = new Limits(flags, ['maxUpload', 'maxDownload']);
  await limits.start();
  try {
    const options = { ...flags, limits };
    const { fetched, stop } = await fetchWanted(wanted, target, registry, options, signal);
    const seconds = Math.round(performance.now() - begun) / 1000;
    sayHowItWent({ name: wanted.name, root: wanted.root, seconds, ...fetched }, target, flags);
    await serveOn(toStdout ? 0 : (flags.seed ?? 0), flags, signal);
    await stop();
  } finally {
    await limits.stop();
  }
}

function sayHowItWent(result: Result, target: string, { json = false }: GetFlags): void {
  const toStdout = target === '-';
  // The data itself may be on stdout; then the result is not.
  if (json) (toStdout ? say : print)(jsonText(result));
  else {
    sayResult(result);
    if (!toStdout) print(printable(target));
  }
}

async function serveOn(minutes: number, { json = false }: GetFlags, signal: AbortSignal) {
  if (minutes === 0 || signal.aborted) return;
  if (!json) say(`Serving it on for ${durationText(minutes * 60)}; Ctrl-C ends it.`);
  await pause(minutes * 60_000, signal);
}

/** Those who tell no root are the last resort: what they send has to be the content all the same. */
async function fetchWanted(
  { name, root, size, hasUntold }: Wanted,
  target: string,
  registry: NativeRegistry | ExerciseRegistry,
  flags: FetchOptions,
  signal: AbortSignal,
): Promise<Served> {
  const stop = () => Promise.resolve();
  if (root === null || registry.contract === 'exercise')
    return { fetched: await fetchUnverified(name, null, target, flags, signal), stop };
  try {
    return await fetchVerified({ name, root, size }, target, registry, flags, signal);
  } catch (error) {
    const isLast = target === '-' || !hasUntold;
    if (isLast || !(error instanceof CodedError) || error.code !== 'no-source') throw error;
    say(`${printable(error.message)} Trying those who do not say which content they have.`);
    const fetched = await fetchUnverified(name, { root, size }, target, flags, signal);
    const { failed } = error.facts as Pick<Fetched, 'failed'>;
    return { fetched: { ...fetched, failed: [...failed, ...fetched.failed] }, stop };
  }
}

/** @throws CodedError `not-known`, `several-versions`, `bad-usage` */
async function whatIsWanted(
  asked: Asked,
  registry: NativeRegistry | ExerciseRegistry,
  flags: GetFlags,
  signal: AbortSignal,
): Promise<Wanted> {
  const until = performance.now() + (flags.wait ?? 0) * 1000;
  for (;;) {
    const wanted = await lookUp(asked, registry, flags, signal);
    if (wanted) return wanted;
    if (performance.now() >= until)
      throw new CodedError('not-known', `Nobody offers "${asked.name ?? asked.root}".`);
    await pause(ASK_AGAIN_MS, signal);
    if (signal.aborted) throw new CodedError('interrupted', 'Interrupted.');
  }
}

async function lookUp(
  asked: Asked,
  registry: NativeRegistry | ExerciseRegistry,
  { json = false }: GetFlags,
  signal: AbortSignal,
): Promise<Wanted | undefined> {
  if (asked.root !== undefined) {
    if (registry.contract === 'exercise')
      throw new CodedError(
        'bad-usage',
        'A registry of the exercise knows no roots: leave out --root.',
      );
    const { root } = asked;
    const { names, holders, partial, size } = await registry.contentOf(root, 1, signal);
    const name = asked.name ?? names[0] ?? root;
    return holders + partial === 0 ? undefined : { name, root, size, hasUntold: false };
  }
  const { name } = asked;
  const { versions, sources } = await registry.lookUp(name, signal);
  const hasUntold = sources.some((source) => source.root === null);
  const [first] = versions;
  if (!first) return hasUntold ? { name, root: null, size: null, hasUntold } : undefined;
  const chosen = versions.length === 1 ? first : await chosenVersion(name, versions, json);
  return { name, root: chosen.root, size: chosen.size, hasUntold };
}

function sayResult({ name, size, seconds, verified, kept, sources, failed }: Result): void {
  const rate = `${bytesText((size - kept) / Math.max(seconds, 0.001))}/s`;
  const from =
    sources.length > 1
      ? countText(sources.length, 'source')
      : (sources[0]?.endpoint ?? (size === 0 ? 'nobody: it is empty' : 'what was kept'));
  const proof = verified ? 'verified' : 'not verified, its source gave no root';
  say(`${printable(name)}: ${bytesText(size)} in ${seconds} s (${rate}) from ${from}; ${proof}.`);
  for (const { endpoint, reason } of failed.slice(0, MAX_TOLD))
    say(`  without ${endpoint}: ${printable(reason)}`);
  if (failed.length > MAX_TOLD)
    say(`  without ${countText(failed.length - MAX_TOLD, 'other source')}`);
}
