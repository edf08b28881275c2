// Disks that are full or may not be written to: file systems in memory, which the test mounts.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './temporary.ts';

/** Mounting one takes root on Linux. */
export const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

/** Where they cannot be mounted, it is said once for each file of tests that needs them. */
export function sayWhatIsNotRun(what: string): void {
  if (!mayMount)
    process.stderr.write(
      `\nNOT RUN: the tests of ${what}, because mounting one takes root on Linux.\n`,
    );
}

/** A file system of its own, gone when the test has finished. @param options such as `size=1m` or `ro` */
export async function mounted(options: string): Promise<string> {
  const folder = join(await temporaryFolder(), 'mounted');
  await mkdir(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  // Something may have it open still.
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
}

/** Makes room on a disk that {@link mounted} made. @param size such as `16m` */
export function makeRoom(folder: string, size: string): void {
  execFileSync('mount', ['-o', `remount,size=${size}`, folder]);
}
