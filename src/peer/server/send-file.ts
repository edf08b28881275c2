// Sends a range of an open file: two buffers, one being read while the other is being written, one for a
// slow reader, so that memory is bounded however slow it is. The last chunk is held back until the file is known
// to be what it was: a receiver never ends up with a whole mixture of two states.
import type { Writable } from 'node:stream';
import type { RateLimit } from '../../lib/rate-limit.ts';
import type { ByteRange } from '../../protocol/ranges.ts';
import type { OpenedOffer } from './offers.ts';

const CHUNK_BYTES = 128 * 1024;
/** A reader that takes longer for a chunk is slow: for it one buffer is enough. */
const SLOW_MS = 500;

export type SendResult = 'sent' | 'changed' | 'reader-gone' | 'reader-stalled';
type Written = Exclude<SendResult, 'changed'>;

export interface SendLimits {
  /** A reader that does not take a chunk within so many milliseconds has stalled. */
  stalledAfterMs: number;
  /** What all files that are sent share. */
  uploadLimit: RateLimit;
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
  const chunkBytes = Math.min(CHUNK_BYTES, range.end - range.start + 1);
  let reading = Buffer.allocUnsafeSlow(chunkBytes);
  let spare: Buffer<ArrayBuffer> | undefined;
  let writing: Promise<Written> = Promise.resolve('sent');
  const reader = { isSlow: false };
  for (let position = range.start; position <= range.end;) {
    // Ahead of a slow reader nothing is read: the buffer is free when it has been written.
    if (reader.isSlow) await writing;
    const wanted = Math.min(chunkBytes, range.end - position + 1);
    const chunk = await readFully(opened, reading.subarray(0, wanted), position);
    const written = await writing;
    if (written !== 'sent') return written;
    position += wanted;
    const isLast = position > range.end;
    if (!chunk || (isLast && !(await opened.isUnchanged().catch(() => false)))) return 'changed';
    const begun = performance.now();
    const send = limits.uploadLimit.isOn ? writeWithinLimit : write;
    const wasSlow = reader.isSlow;
    writing = send(sink, chunk, limits, onSent).then((result) => {
      reader.isSlow = performance.now() - begun > SLOW_MS;
      return result;
    });
    if (wasSlow) {
      // What was in it has been sent. Five hundred slow readers shall not wait for the collector.
      spare?.buffer.transfer(0);
      spare = undefined;
    } else [reading, spare] = [spare ?? Buffer.allocUnsafeSlow(chunkBytes), reading];
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

/** In small portions, each when it may pass. */
async function writeWithinLimit(
  sink: Writable,
  chunk: Buffer,
  limits: SendLimits,
  onSent: (bytes: number) => void,
): Promise<Written> {
  const { uploadLimit } = limits;
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
      const portion = chunk.subarray(at, at + uploadLimit.portionBytes);
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
