// Where the peer that runs over a state folder can be asked: the port of its control interface, in a file
// beside the token. `sp2p status` reads both.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../../lib/private-file.ts';

const RUNNING_FILE = 'control.json';

/** @throws CodedError `cannot-open-data` */
export async function noteRunning(folder: string, port: number): Promise<void> {
  await writePrivateFile(join(folder, RUNNING_FILE), JSON.stringify({ port }));
}

/** The port; undefined: none was noted. That it was noted does not say that anything runs. */
export async function runningPort(folder: string): Promise<number | undefined> {
  const text = await readPrivateFile(join(folder, RUNNING_FILE));
  const [, port] = /^\{"port":(\d{1,5})\}$/.exec(text ?? '') ?? [];
  return port !== undefined && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;
}

/** Unless another peer has noted itself meanwhile. */
export async function forgetRunning(folder: string, port: number): Promise<void> {
  if ((await runningPort(folder)) === port) await rm(join(folder, RUNNING_FILE), { force: true });
}

/** The link to a page: what makes it usable is in the fragment. */
export function linkTo(port: number, token: string): string {
  return `http://127.0.0.1:${port}/#token=${token}`;
}
