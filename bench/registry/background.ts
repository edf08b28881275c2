// A process that a benchmark starts and always ends: pinned to a core, saying where it listens in its
// first line of JSON.
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Who has not said where it listens by then is not there. */
const START_DEADLINE_MS = 120_000;
/** Who has not ended by then is killed. */
const STOP_DEADLINE_MS = 30_000;

const running = new Set<ChildProcess>();
// Whatever the end, and at once: nothing here waits.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Background {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #ended: Promise<unknown>;
  #complaints = '';

  constructor(core: number, program: string, args: string[]) {
    const pinned = ['-c', String(core), program, ...args];
    this.child = spawn('taskset', pinned, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.#ended = once(this.child, 'close').finally(() => running.delete(this.child));
    this.child.stderr.on('data', (bytes: Buffer) => {
      this.#complaints = (this.#complaints + bytes.toString()).slice(-4_000);
    });
  }

  /** taskset becomes the program: the id stays. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it said on stderr. */
  get complaints(): string {
    return this.#complaints.trim();
  }

  /** The first line of JSON that it says; what comes after is passed over. */
  async said<T>(): Promise<T> {
    const lines = createInterface({ input: this.child.stdout });
    const first = once(lines, 'line', { signal: AbortSignal.timeout(START_DEADLINE_MS) });
    const ended = this.#ended.then(() => {
      throw new Error(`It ended before it was ready. ${this.complaints}`);
    });
    const [line] = (await Promise.race([first, ended])) as [string];
    lines.close();
    this.child.stdout.resume();
    return JSON.parse(line) as T;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const late = setTimeout(() => this.child.kill('SIGKILL'), STOP_DEADLINE_MS);
    this.child.kill(signal);
    await this.#ended;
    clearTimeout(late);
  }
}
