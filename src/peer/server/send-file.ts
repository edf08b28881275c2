// Sends a range of an open file: one buffer is read while another is written, and one alone is there for who is
// slow, so that memory is bounded however slow that is. The last chunk is held back until the file is known
// to be what it was: a receiver never ends up with a whole mixture of two states.
import { OutgoingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { giveChunk, leaveChunk, takeChunk } from '../../lib/chunk-pool.ts';
import { withinTime } from '../../lib/deadline.ts';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { ByteRange } from '../../protocol/ranges.ts';
import type { OpenedOffer } from './offers.ts';

/** Ahead of a reader that takes longer for a chunk nothing is kept: one buffer has to be enough for it. */
const SLOW_MS = 500;
/**
 * Who has taken so much without being slow is believed to be quick: more than what the system takes at once for a
 * reader who takes nothing.
 */
const QUICK_BYTES = 4 * 1024 * 1024;
/** What each connection has taken without being slow, over all that it was sent. */
const takenQuickly = new WeakMap<Writable, number>();
/** How slow a reader may be hangs on it: so much within `stalledAfterMs` (docs/PROTOCOL.md, section 3). */
const MOST_AT_ONCE = 128 * 1024;

export type SendResult = 'sent' | 'changed' | 'reader-gone' | 'reader-stalled';
type Written = Exclude<SendResult, 'changed'>;

export interface SendLimits {
  /** A reader that does not take what is written at once within so many milliseconds has stalled. */
  stalledAfterMs: number;
  /** What all files that are sent share. */
  uploadLimit: RateLimit;
  /** No more than so many bytes are written at once. Default: 128 KiB. */
  mostAtOnce?: number;
}

/**
 * Never throws for what the file or the reader do; ends nothing, the caller knows how.
 *
 * @param onSent told how many bytes the system has taken
 */
export async function sendFile(
  opened: OpenedOffer,
  range: ByteRange,
  sink: Writable,
  limits: SendLimits,
  onSent: (bytes: number) => void,
): Promise<SendResult> {
  const connection = (sink instanceof OutgoingMessage ? sink.socket : undefined) ?? sink;
  const writer = { isSlow: false, isDone: true };
  let writing: Promise<Written> = Promise.resolve('sent');
  for (let position = range.start; position <= range.end;) {
    if (writer.isSlow) await writing;
    const buffer = takeChunk((takenQuickly.get(connection) ?? 0) >= QUICK_BYTES);
    const wanted = Math.min(buffer.length, range.end - position + 1);
    const chunk = await readFully(opened, buffer.subarray(0, wanted), position);
    const isOver = writer.isDone || (await withinTime(SLOW_MS, writing).catch(() => undefined));
    if (!isOver) {
      // It is read again when its turn has come.
      giveChunk(buffer);
      await writing;
      continue;
    }
    const written = await writing;
    const isLast = position + wanted > range.end;
    const isWhole =
      written === 'sent' && chunk && (!isLast || (await opened.isUnchanged().catch(() => false)));
    if (!isWhole) {
      giveChunk(buffer);
      return written === 'sent' ? 'changed' : written;
    }
    position += wanted;
    const begun = performance.now();
    writer.isDone = false;
    writing = writeInPortions(sink, chunk, limits, onSent).then((result) => {
      writer.isDone = true;
      writer.isSlow = performance.now() - begun > SLOW_MS;
      const before = takenQuickly.get(connection) ?? 0;
      takenQuickly.set(connection, writer.isSlow ? 0 : before + wanted);
      // Of a chunk that was not sent nobody knows what the system still does with it.
      if (result === 'sent') giveChunk(buffer);
      else leaveChunk();
      return result;
    });
  }
  return writing;
}

/** The buffer filled from a position, or undefined when the file ends before that, or fails. */
async function readFully(
  { handle }: OpenedOffer,
  buffer: Buffer,
  position: number,
): Promise<Buffer | undefined> {
  for (let filled = 0; filled < buffer.length;) {
    const rest = buffer.subarray(filled);
    const read = await handle.read(rest, 0, rest.length, position + filled).catch(() => undefined);
    if (!read?.bytesRead) return undefined;
    filled += read.bytesRead;
  }
  return buffer;
}

/** In portions, each when it may pass. */
async function writeInPortions(
  sink: Writable,
  chunk: Buffer,
  limits: SendLimits,
  onSent: (bytes: number) => void,
): Promise<Written> {
  const { uploadLimit, mostAtOnce = MOST_AT_ONCE } = limits;
  const gone = new AbortController();
  const onClose = () => {
    gone.abort();
  };
  // That nothing is sent meanwhile is not the reader's fault: a server's deadline for idle connections
  // ends none whose answer hears of it.
  const onTimeout = () => undefined;
  sink.once('close', onClose).on('timeout', onTimeout);
  try {
    for (let at = 0; at < chunk.length;) {
      const portion = chunk.subarray(at, at + Math.min(uploadLimit.portionBytes, mostAtOnce));
      await uploadLimit.passed(portion.length, gone.signal);
      const written = await write(sink, portion, limits, onSent);
      if (written !== 'sent') return written;
      at += portion.length;
    }
    return 'sent';
  } finally {
    sink.off('close', onClose).off('timeout', onTimeout);
  }
}

function write(
  sink: Writable,
  chunk: Buffer,
  { stalledAfterMs }: SendLimits,
  onSent: (bytes: number) => void,
): Promise<Written> {
  return new Promise((resolve) => {
    if (sink.destroyed) {
      resolve('reader-gone');
      return;
    }
    const timer = setTimeout(settle, stalledAfterMs, 'reader-stalled');
    const onClose = () => {
      settle('reader-gone');
    };
    function settle(result: Written): void {
      clearTimeout(timer);
      sink.off('close', onClose);
      resolve(result);
    }
    sink.once('close', onClose);
    sink.write(chunk, (error) => {
      if (!error) onSent(chunk.length);
      settle(error ? 'reader-gone' : 'sent');
    });
  });
}
