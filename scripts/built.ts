// What is built in a clone when it is needed: once for each state of its sources, whoever else builds. Two
// at once both build, each for itself, and what they made is put in its place in one step.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** In what was built: which sources it is of. */
const STAMP = '.sources';

export interface Building {
  /** Where it is to be. */
  folder: string;
  /** Which state of its sources it is to be of. */
  sources: string;
  /** What is built: `the page`. */
  what: string;
  make: (folder: string) => Promise<void>;
}

/** Builds it unless it is there; rejects with what `make` rejects with, and leaves what was there. */
export async function buildOnce({ folder, sources, what, make }: Building): Promise<void> {
  if (await isBuiltOf(folder, sources)) return;
  console.error(`Building ${what} (a few seconds, whenever its sources have changed)…`);
  const made = `${folder}.${randomUUID()}`;
  await mkdir(made, { recursive: true });
  try {
    await make(made);
    await writeFile(join(made, STAMP), sources);
    await putInPlace(made, folder, sources);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function isBuiltOf(folder: string, sources: string): Promise<boolean> {
  return (await readFile(join(folder, STAMP), 'utf8').catch(() => undefined)) === sources;
}

async function putInPlace(made: string, folder: string, sources: string): Promise<void> {
  if (await isBuiltOf(folder, sources)) return;
  const former = `${made}.former`;
  await rename(folder, former).catch(() => undefined);
  try {
    await rename(made, folder);
  } catch (error) {
    // Somebody else has put theirs there meanwhile.
    if (!(await isBuiltOf(folder, sources))) throw error;
  } finally {
    await rm(former, { recursive: true, force: true });
  }
}
