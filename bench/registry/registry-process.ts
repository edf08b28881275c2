// The registry under test: the real command, in a process of its own on one core, started and
// restarted over one index.
import { fileURLToPath } from 'node:url';
import { Background } from './background.ts';
import type { Engine } from './engines.ts';
import { MEASURED_CORE, memoryOf, type Memory } from './machine.ts';

const command = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
/** So that nobody has to renew while something else is measured. */
const LONG_LEASE = ['--lease', '86400'];

export class RegistryProcess {
  readonly index: string;
  readonly engine: Engine;
  readonly #flags: string[];
  readonly #profiles: string | undefined;
  #running: Background | undefined;
  #port = 0;
  #engineFlags: string[] | undefined;

  /**
   * @param flags further ones for `sp2p registry`
   * @param profiles a folder for a CPU profile of each process, if any is wanted
   */
  constructor(engine: Engine, index: string, flags: string[], profiles: string | undefined) {
    this.engine = engine;
    this.index = index;
    this.#flags = flags;
    this.#profiles = profiles;
  }

  /**
   * Starts it, at the same port as before; resolves when it says that it listens.
   *
   * @param what names the profile
   * @param lease the default one, or one that outlasts the benchmark
   */
  async start(what: string, lease: 'long' | 'default' = 'long'): Promise<void> {
    const profile =
      this.#profiles === undefined
        ? []
        : [
            ...['--cpu-prof', '--cpu-prof-interval', '500', '--cpu-prof-dir', this.#profiles],
            ...['--cpu-prof-name', `${this.engine.name}-${this.index}-${what}.cpuprofile`],
          ];
    const where = ['--host', '127.0.0.1', '--port', String(this.#port), '--json'];
    this.#running = new Background(MEASURED_CORE, process.execPath, [
      ...profile,
      command,
      'registry',
      ...where,
      ...(this.#engineFlags ??= await this.engine.flagsFor(this.index)),
      ...(lease === 'long' ? LONG_LEASE : []),
      ...this.#flags,
    ]);
    const { port } = await this.#running.said<{ port: number }>();
    this.#port = port;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#running?.stop(signal);
    this.#running = undefined;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    if (!this.#running) throw new Error('The registry does not run.');
    return this.#running.pid;
  }

  get memory(): Memory {
    return memoryOf(this.pid);
  }
}
