// The exercise's voice: the bytes of the file, then the end of the connection. An unknown or refused
// name gets no bytes. A transfer that cannot be finished ends in a reset, the only way to say so.
import type { Socket } from 'node:net';
import { isName } from '../../protocol/names.ts';
import { addressOf } from './receiver.ts';
import type { Offers } from './offers.ts';
import { sendFile, type SendLimits } from './send-file.ts';
import type { Uploads } from './uploads.ts';

interface LineLimits extends SendLimits {
  /** How long a client may take to close its side behind the last byte, in milliseconds. */
  closingTimeoutMs: number;
}

export async function answerLine(
  socket: Socket,
  text: string,
  offers: Offers,
  limits: LineLimits,
  uploads: Uploads,
): Promise<void> {
  // What a client sends behind its line is no part of the exercise.
  socket.resume();
  await using opened = isName(text)
    ? await offers.open(text.normalize('NFC')).catch(() => undefined)
    : undefined;
  if (opened && opened.file.size > 0) {
    const whole = { start: 0, end: opened.file.size - 1 };
    using sending = uploads.begin(addressOf(socket), opened.file);
    const result = await sendFile(opened, whole, socket, limits, sending.add);
    if (result !== 'sent') {
      socket.resetAndDestroy();
      return;
    }
  }
  socket.end();
  // Not by socket.setTimeout: a client that goes on sending would never be idle.
  const closing = setTimeout(() => socket.destroy(), limits.closingTimeoutMs);
  socket.once('close', () => {
    clearTimeout(closing);
  });
}
