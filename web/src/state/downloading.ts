// What one does with downloads: each says by itself where it fails.
import type { Download, DownloadChange, NewDownload } from '../../../src/protocol/control.ts';
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import { CallError } from '../api/call.ts';
import { control } from './host.ts';
import { attempt, say } from './notices.ts';
import { downloadsByRoot } from './peer.ts';
import { navigate } from './route.ts';
import { counted } from '../parts/format.ts';

/** Starts a download, or shows the one that is there already. */
export async function startDownload(wanted: NewDownload): Promise<void> {
  const known = downloadsByRoot.peek().get(wanted.root);
  if (known) {
    navigate(`/downloads/${known.id}`);
    return;
  }
  await attempt(async () => {
    try {
      await control.peek()?.addDownload(wanted);
      say(`Getting ${printable(lastSegment(wanted.name))}`);
    } catch (error) {
      // What was asked for, not another file of that name: it says where.
      if (!(error instanceof CallError && error.code === 'file-exists')) throw error;
      say(printable(error.message));
    }
  });
}

export async function change(download: Download, wanted: DownloadChange): Promise<void> {
  await attempt(async () => control.peek()?.changeDownload(download.id, wanted));
}

export async function remove(download: Download): Promise<boolean> {
  return attempt(async () => control.peek()?.removeDownload(download.id));
}

/** The same of several, one after the other. */
export async function changeAll(
  several: readonly Download[],
  wanted: DownloadChange,
): Promise<void> {
  await attempt(async () => {
    for (const { id } of several) await control.peek()?.changeDownload(id, wanted);
  });
}

/** Takes off the list what has come; the files stay. */
export async function clear(done: readonly Download[]): Promise<void> {
  const isCleared = await attempt(async () => {
    for (const { id } of done) await control.peek()?.removeDownload(id);
  });
  if (isCleared) say(`${counted(done.length, 'download')} taken off the list. The files stay.`);
}

export async function openFolder(download: Download): Promise<void> {
  await attempt(async () => control.peek()?.openFolder(download.id));
}
