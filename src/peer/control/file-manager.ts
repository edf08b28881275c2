// Opens a folder in the system's file manager. The path is one argument of a program, never a line for a
// shell, and nothing in the folder is opened or run.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { CodedError } from '../../protocol/errors.ts';

/** A program that still runs then has opened its window. */
const OPENED_AFTER_MS = 3_000;

/** @throws CodedError `not-found` where there is no such folder, `no-file-manager` */
export async function openFolder(folder: string, platform = process.platform): Promise<void> {
  const state = await stat(folder).catch(() => undefined);
  if (!isAbsolute(folder) || !state?.isDirectory())
    throw new CodedError('not-found', `${folder} is not there any more.`);
  const [program, args] = programFor(folder, platform);
  const failed = await failureOf(program, args);
  // The explorer ends with 1 when all went well.
  if (failed === undefined || (platform === 'win32' && failed.code !== 'ENOENT')) return;
  throw new CodedError(
    'no-file-manager',
    `${program} did not open ${folder}: is there a desktop on this machine?`,
    { cause: failed },
  );
}

function programFor(folder: string, platform: string): [program: string, args: string[]] {
  if (platform === 'win32') return ['explorer.exe', [folder]];
  // -R shows it where it is: a folder that is called Something.app would be started otherwise.
  if (platform === 'darwin') return ['open', ['-R', folder]];
  return ['xdg-open', [folder]];
}

/** Undefined: it went well, or still runs. */
function failureOf(
  program: string,
  args: string[],
): Promise<(Error & { code?: number | string }) | undefined> {
  return new Promise((resolve) => {
    const opened = setTimeout(() => {
      resolve(undefined);
    }, OPENED_AFTER_MS);
    const child = execFile(program, args, (error) => {
      clearTimeout(opened);
      resolve((error as (Error & { code?: number | string }) | null) ?? undefined);
    });
    child.unref();
  });
}
