// The exercise's voice: the bytes of the file, then the end of the connection. An unknown or refused
// name gets no bytes. A transfer that cannot be finished ends in a reset, the only way to say so.
import type { Socket } from 'node:net';
import { isName } from '../../protocol/names.ts';
import type { Offers } from './offers.ts';
import { sendFile } from './send-file.ts';

/** After the last byte a client has so long to close its side. */
const LINGER_MS = 10_000;

export async function answerLine(socket: Socket, text: string, offers: Offers): Promise<void> {
  // What a client sends behind its line is no part of the exercise.
  socket.resume();
  await using opened = isName(text)
    ? await offers.open(text.normalize('NFC')).catch(() => undefined)
    : undefined;
  if (opened && opened.file.size > 0) {
    const result = await sendFile(opened, { start: 0, end: opened.file.size - 1 }, socket);
    if (result !== 'sent') {
      socket.resetAndDestroy();
      return;
    }
  }
  socket.end();
  socket.setTimeout(LINGER_MS, () => socket.destroy());
}
