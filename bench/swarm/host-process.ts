// A process on a host of the swarm: the lines it says, what it is told, its CPU time, its end.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { onHost, type Host } from './hosts.ts';

/** USER_HZ, in which /proc counts. */
const TICKS_PER_SECOND = 100;
/** It is killed if it has not ended so long after it was told to. */
const END_DEADLINE_MS = 5_000;
const KEPT_ERRORS = 2_000;

export class HostProcess {
  readonly host: Host;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: string[] = [];
  #errors = '';
  #hasEnded = false;
  #cpuAtEnd = 0;
  #look = () => {};

  constructor(host: Host, program: string, ...args: string[]) {
    this.host = host;
    const child = spawn(...onHost(host, program, ...args), { stdio: 'pipe' });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    child.stderr.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-KEPT_ERRORS);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#look();
    });
    const ended = () => {
      this.#hasEnded = true;
      this.#look();
    };
    child.on('error', ended).on('close', ended);
  }

  /** The first line of the kind, said already or yet to come. @throws Error when it ends without */
  async line(is: (line: string) => boolean, signal: AbortSignal): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#look = () => {
      const found = this.#lines.find(is);
      if (found !== undefined) resolve(found);
      else if (this.#hasEnded) reject(new Error(`It ended early: ${this.#errors.trim()}`));
      else if (signal.aborted) reject(new Error('It was not done by the deadline.'));
    };
    const look = () => {
      this.#look();
    };
    signal.addEventListener('abort', look);
    look();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', look);
      this.#look = () => {};
    }
  }

  tell(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Seconds of CPU so far, with those of its children that have ended; once it is gone, what it had when it was told to. */
  cpu(): number {
    try {
      const stat = readFileSync(`/proc/${this.#child.pid ?? 0}/stat`, 'utf8');
      const fields = stat.replace(/^.*\) /s, '').split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      return ticks / TICKS_PER_SECOND;
    } catch {
      return this.#cpuAtEnd;
    }
  }

  /** Ends it the way its own kind ends, at the end of its input or a SIGTERM; kills it when that is late. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#cpuAtEnd = this.cpu();
    const closed = once(this.#child, 'close');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_DEADLINE_MS);
    this.#child.stdin.end();
    this.#child.kill('SIGTERM');
    await closed;
    clearTimeout(timer);
  }
}
