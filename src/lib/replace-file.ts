// Small files of a program's own, written whole or not at all.
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * Puts a text in the place of what was there, for its owner alone (mode 0600): whoever reads the file, or a
 * power cut, finds the former text or the new one. A symbolic link is replaced, not followed.
 *
 * @throws Error of the file system; nothing is left behind then
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const begun = `${path}.${randomUUID()}`;
  try {
    const file = await open(begun, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(begun, path);
  } catch (error) {
    await rm(begun, { force: true }).catch(() => undefined);
    throw error;
  }
}
