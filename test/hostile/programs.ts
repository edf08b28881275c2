// Running programs that the tests of one file share, so that each attack meets one that others have met.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const LOCAL = '127.0.0.1';
const ALIVE_WITHIN_MS = 20_000;

/** A program that runs from before the first test of a file until after the last one. */
export interface Program {
  port: number;
  child: ChildProcess;
  folder: string;
}

/** `sp2p registry`, with further flags. */
export function sharedRegistry(args: string[] = []): Program {
  return sharedProgram((folder) => [
    ...['registry', '--port', '0', '--host', LOCAL, '--data', join(folder, 'index'), ...args],
  ]);
}

/** `sp2p share` of a folder with these files, known to no registry. */
export function sharedShare(files: Record<string, string | Buffer>, args: string[] = []): Program {
  const registry = ['--registry', `http://${LOCAL}:1`];
  return sharedProgram(
    (folder) => ['share', folder, ...registry, '--port', '0', '--host', LOCAL, ...args],
    files,
  );
}

function sharedProgram(
  argsFor: (folder: string) => string[],
  files: Record<string, string | Buffer> = {},
): Program {
  const program = {} as Program;
  beforeAll(async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'sp2p-hostile-'));
    program.folder = join(scratch, 'folder');
    await mkdir(program.folder);
    for (const [name, bytes] of Object.entries(files))
      await writeFile(join(program.folder, name), bytes);
    program.child = spawn(process.execPath, [COMMAND, ...argsFor(program.folder), '--json'], {
      env: {
        ...process.env,
        ...{ NO_COLOR: '1', SP2P_NO_PAGE: '1' },
        ...{ SP2P_CACHE: join(scratch, 'cache'), SP2P_STATE: join(scratch, 'state') },
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { stdout } = program.child;
    if (!stdout) throw new Error('It says nothing.');
    for await (const line of createInterface({ input: stdout })) {
      const event = JSON.parse(line) as Record<string, unknown>;
      if (typeof event['port'] === 'number') program.port = event['port'];
      if ('address' in event || event['event'] === 'indexed') break;
    }
    stdout.resume();
    return async () => {
      program.child.kill('SIGKILL');
      await once(program.child, 'close').catch(() => undefined);
      await rm(scratch, { recursive: true, force: true });
    };
  });
  afterAll(() => {
    expect(program.child.exitCode, 'it died of an attack').toBeNull();
  });
  return program;
}

/** All that is answered to some bytes, until the other side closes. @param from a loopback address */
export async function answerTo(
  { port }: Program,
  bytes: string | Buffer,
  from = LOCAL,
): Promise<string> {
  const socket = connect({ port, host: LOCAL, localAddress: from, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => socket.end())
    .on('error', () => undefined);
  const late = setTimeout(() => socket.destroy(), ALIVE_WITHIN_MS);
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(late);
  return Buffer.concat(chunks).toString('latin1');
}

/** Memory of the program, in MiB. */
export async function memoryOf({ child }: Program): Promise<number> {
  const status = await readFile(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024;
}
