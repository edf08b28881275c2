// One process at a time writes a part file; what a killed one left behind stops nobody.
import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Lock } from '../../src/peer/download/lock.ts';
import { temporaryFolder } from '../harness/temporary.ts';

const IN_PROGRESS = { code: 'download-in-progress' };

/** A process id that was somebody's, and is nobody's now. */
function endedPid(): number {
  return spawnSync('true').pid;
}

async function lockOf(text: string, secondsAgo = 0): Promise<string> {
  const path = join(await temporaryFolder(), 'lock');
  await writeFile(path, text);
  const then = new Date(Date.now() - 1000 * secondsAgo);
  await utimes(path, then, then);
  return path;
}

test('a lock that is held is not given again, and one that was released is', async () => {
  const path = join(await temporaryFolder(), 'lock');
  const first = await Lock.take(path);
  await expect(Lock.take(path)).rejects.toMatchObject(IN_PROGRESS);
  await first.release();
  const second = await Lock.take(path);
  await second.release();
});

test('a lock whose folder was away when it was released is free when the folder is back', async () => {
  const folder = await temporaryFolder();
  const [path, away] = [join(folder, 'here', 'lock'), join(folder, 'away')];
  await mkdir(join(folder, 'here'));
  const first = await Lock.take(path);
  await rename(join(folder, 'here'), away);
  // Still held, wherever it is.
  await expect(Lock.take(join(away, 'lock'))).rejects.toMatchObject(IN_PROGRESS);
  await first.release();
  await rename(away, join(folder, 'here'));
  const second = await Lock.take(path);
  await second.release();
});

test.for<[string, () => string, number]>([
  ['of a process of this machine that has ended', () => `${endedPid()} ${hostname()}`, 0],
  ['that its holder has not refreshed', () => `${process.pid} ${hostname()}`, 3600],
  ['of another machine, not refreshed', () => `1 elsewhere.example`, 3600],
  ['without a word in it, not refreshed', () => '', 3600],
])('a lock %s is taken over', async ([, text, secondsAgo]) => {
  const path = await lockOf(text(), secondsAgo);
  const lock = await Lock.take(path);
  expect(await readFile(path, 'utf8')).toContain(`${process.pid} ${hostname()} `);
  await lock.release();
  expect(await readdir(join(path, '..'))).toEqual([]);
});

test.for<[string, () => string]>([
  ['of a process that runs', () => `${process.pid} ${hostname()}`],
  ['of another machine, whose processes are not ours to judge', () => `${endedPid()} elsewhere`],
  ['that is just being written', () => ''],
])('a fresh lock %s is held', async ([, text]) => {
  const said = text();
  const path = await lockOf(said);
  await expect(Lock.take(path)).rejects.toMatchObject(IN_PROGRESS);
  expect(await readFile(path, 'utf8')).toBe(said);
});

test('of many that find a stale lock at the same time, one gets it', async () => {
  for (let time = 0; time < 20; time++) {
    const path = await lockOf(`${endedPid()} ${hostname()}`);
    const taken = await Promise.allSettled(Array.from({ length: 8 }, () => Lock.take(path)));
    const locks = taken.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(locks).toHaveLength(1);
    for (const each of taken)
      if (each.status === 'rejected') expect(each.reason).toMatchObject(IN_PROGRESS);
    await locks[0]?.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  }
});
