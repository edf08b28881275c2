// The command in a real pseudo-terminal, by way of `script` of util-linux: what a person sees and types.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const PATIENCE_MS = 30_000;
const DECIDES_COLOURS = /^(NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|CI|COLORTERM)$/;

export interface Terminal {
  /** Waits until the words that came since the last wait match. */
  shows(words: RegExp): Promise<void>;
  type(keys: string): void;
  /** The exit code, and all that came, as it was sent to the terminal. */
  ended: Promise<{ code: number | null; sent: string }>;
}

export function openTerminal(
  args: string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Terminal {
  const words = [process.execPath, COMMAND, ...args];
  const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const inherited = Object.entries(process.env).filter(([name]) => !DECIDES_COLOURS.test(name));
  const child = spawn('script', ['-qec', `stty cols 100 rows 40; exec ${line}`, '/dev/null'], {
    cwd,
    env: { ...Object.fromEntries(inherited), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let sent = '';
  let seen = 0;
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    sent += chunk;
    for (const look of waiting) look();
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, sent }));
  onTestFinished(async () => {
    // The pseudo-terminal goes with it, and its end hangs up on the command.
    child.kill('SIGKILL');
    await ended;
  });
  return {
    type: (keys) => child.stdin.write(keys),
    ended,
    shows: (expected) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!expected.test(stripVTControlCharacters(sent.slice(seen)))) return;
          seen = sent.length;
          stop();
          resolve();
        };
        const fail = () => {
          stop();
          reject(new Error(`${expected.source} was not shown, but: ${JSON.stringify(sent)}`));
        };
        const patience = setTimeout(fail, PATIENCE_MS);
        const stop = () => {
          clearTimeout(patience);
          waiting.delete(look);
        };
        waiting.add(look);
        void ended.then(fail);
        look();
      }),
  };
}
