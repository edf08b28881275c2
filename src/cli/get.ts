// sp2p get: downloads a file by its name.
import { Command } from 'commander';
import { createLog, type LogLevel } from '../lib/log.ts';
import { download, type Downloaded } from '../peer/download/download.ts';
import { PartFile } from '../peer/download/part-file.ts';
import { PipeSink } from '../peer/download/sink.ts';
import { targetOf } from '../peer/download/target.ts';
import { CodedError } from '../protocol/errors.ts';
import { parseName, printable } from '../protocol/names.ts';
import { jsonOption, logOption, option, registryOption } from './options.ts';
import { ProgressBar } from './progress.ts';
import { bytesText, jsonText, print, say, untilSignalled } from './terminal.ts';

export interface GetFlags {
  registry: URL;
  output?: string;
  force?: boolean;
  json?: boolean;
  logLevel: LogLevel;
}

/** What `--json` prints. */
interface Result {
  name: string;
  /** null: this content has no root yet. */
  root: string | null;
  size: number;
  seconds: number;
  verified: boolean;
  sources: Downloaded['sources'];
}

export function getCommand(): Command {
  return new Command('get')
    .description('download a file from whoever holds it')
    .argument('<name>', 'the name, as search shows it')
    .addOption(registryOption())
    .addOption(
      option('-o, --output <path>', 'a file or a folder to put it; - is stdout').default(
        undefined,
        'the current folder',
      ),
    )
    .addOption(option('-f, --force', 'replace a file that is there already'))
    .addOption(jsonOption())
    .addOption(logOption())
    .action(async (text: string, flags: GetFlags) => {
      const name = parseName(text);
      const stopping = new AbortController();
      void untilSignalled().then(() => {
        stopping.abort();
      });
      await get(name, flags, stopping.signal);
    });
}

/** Downloads one name and says how it went. */
export async function get(name: string, flags: GetFlags, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const toStdout = flags.output === '-';
  const target = toStdout ? '-' : await targetOf(name, flags.output);
  const done = toStdout
    ? await run(name, flags, new PipeSink(process.stdout), signal)
    : await runToFile(name, flags, target, signal);
  const seconds = Math.round(performance.now() - begun) / 1000;
  const { size, sources } = done;
  if (flags.json) {
    const result: Result = { name, root: null, size, seconds, verified: false, sources };
    // The data itself may be on stdout; then the result is not.
    (toStdout ? say : print)(jsonText(result));
    return;
  }
  const from = sources.map(({ endpoint }) => endpoint).join(', ') || 'nobody: it is empty';
  say(
    `${printable(name)}: ${bytesText(size)} in ${seconds} s (${bytesText(size / Math.max(seconds, 0.001))}/s) from ${from}; not verified, its source gave no root.`,
  );
  if (!toStdout) print(printable(target));
}

async function runToFile(
  name: string,
  flags: GetFlags,
  target: string,
  signal: AbortSignal,
): Promise<Downloaded> {
  const part = await PartFile.open(target, flags.force ?? false);
  try {
    const done = await run(name, flags, part, signal);
    await part.finish();
    return done;
  } catch (error) {
    await part.leave();
    if (error instanceof CodedError && part.length > 0 && part.state.tag !== undefined)
      throw new CodedError(
        error.code,
        `${error.message} ${bytesText(part.length)} are kept; the same command goes on from there.`,
        { cause: error, facts: error.facts },
      );
    throw error;
  }
}

async function run(
  name: string,
  { registry, logLevel }: GetFlags,
  sink: PartFile | PipeSink,
  signal: AbortSignal,
): Promise<Downloaded> {
  const bar = new ProgressBar();
  try {
    return await download({
      name,
      registry,
      sink,
      signal,
      log: createLog(logLevel),
      onProgress: (progress) => {
        bar.update(progress);
      },
    });
  } finally {
    bar.end();
  }
}
