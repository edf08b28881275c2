// The command itself, as a process of its own.
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary.ts';

const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));

export interface CommandOptions {
  cwd?: string;
  /** Beside what the test itself has; undefined takes away. */
  env?: Record<string, string | undefined>;
  /** A network namespace to run in (see namespaces.ts). */
  namespace?: string;
  /** What comes on its stdin. Default: nothing is there. */
  input?: string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

/** Runs a command to its end. */
export async function sp2p(args: string[], options: CommandOptions = {}): Promise<Ended> {
  return (await startSp2p(args, options)).ended;
}

/** A command that runs until it ends or the test does; `event` waits for a line of `--json`. */
export async function startSp2p(
  args: string[],
  options: CommandOptions = {},
): Promise<{
  process: ChildProcess;
  ended: Promise<Ended>;
  event: (is: (event: Record<string, unknown>) => boolean) => Promise<Record<string, unknown>>;
}> {
  const words = [process.execPath, COMMAND, ...args];
  if (options.namespace !== undefined) words.unshift('ip', 'netns', 'exec', options.namespace);
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: {
      ...process.env,
      NO_COLOR: '1',
      SP2P_CACHE: await temporaryFolder(),
      SP2P_STATE: await temporaryFolder(),
      SP2P_NETWORKS: join(await temporaryFolder(), 'networks.json'),
      // Tests of pages say otherwise.
      SP2P_NO_PAGE: '1',
      ...options.env,
    },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  // Whoever has read enough closes it.
  child.stdin?.on('error', () => undefined).end(options.input);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr).toString(),
  }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    try {
      events.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      return;
    }
    for (const look of waiting) look();
  });
  await once(child, 'spawn');
  return {
    process: child,
    ended,
    event: (is) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(is);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void ended.then(({ code, stderr: said }) => {
          reject(new Error(`sp2p ${args.join(' ')} ended with ${code ?? 'a signal'}: ${said}`));
        });
      }),
  };
}
