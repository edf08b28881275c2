// Passes a registry's events on as they come: no faster than they are read, no longer than they last, and
// none that has no end.
import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import { EVENT_STREAM_TYPE } from '../../lib/http/event-stream.ts';
import type { Followers } from './followers.ts';

/** A registry gives a sign of life every 15 s; who does not read for so long is cut as well. */
const SILENCE_MS = 45_000;
/** A line of an event names 20 names of 1 KiB, each byte in up to six characters. */
const MAX_LINE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/** Resolves when it is over. @param over ends it, and is told that it has ended */
export async function passEvents(
  events: AsyncIterable<Uint8Array>,
  reply: FastifyReply,
  followers: Followers,
  over: AbortController,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const end = () => {
    over.abort();
  };
  raw.once('close', end);
  followers.add({ onClose: (tell) => raw.once('close', tell) }, end);
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': `${EVENT_STREAM_TYPE}; charset=utf-8`,
  });
  raw.flushHeaders();
  const silence = setTimeout(end, SILENCE_MS);
  let line = 0;
  try {
    for await (const chunk of events) {
      const lastEnd = chunk.lastIndexOf(LINE_FEED);
      line = lastEnd === -1 ? line + chunk.length : chunk.length - lastEnd - 1;
      if (line > MAX_LINE_BYTES) break;
      silence.refresh();
      if (!raw.write(chunk)) await once(raw, 'drain', { signal: over.signal });
    }
  } catch {
    // It is over, whoever ended it: the page follows anew.
  } finally {
    clearTimeout(silence);
    end();
    raw.end();
  }
}
