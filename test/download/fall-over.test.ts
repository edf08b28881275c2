// A source that does not deliver is left for the next, whatever it does, and the failure says who and why.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { CodedError } from '../../src/protocol/errors.ts';
import { folderOf } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { getToFile } from './downloading.ts';
import { head, startSource, startTelling, type Script, type ToldSource } from './scripted.ts';

const NAME = 'a b.bin';
const BYTES = randomBytes(300_000);
const LENGTH = { 'content-length': BYTES.length };
const HALF = BYTES.subarray(0, 150_000);
/** Long enough for an honest source on a busy machine; the others have the usual time. */
const STALLED_AFTER_MS = 500;

interface Failing {
  script: Script;
  why: RegExp;
  /** Default: native, which is asked over HTTP alone. */
  contract?: 'exercise';
}

const FAILING: Record<string, Failing> = {
  'says 404': {
    script: (socket) => socket.end(head(404, { 'content-length': 0 })),
    why: /refused: it does not have it \(404\)/,
  },
  'says 500': { script: (socket) => socket.end(head(500)), why: /refused: status 500/ },
  'says nothing': { script: () => undefined, why: /silent: nothing for 0.5 s/ },
  'says nothing over HTTP, and nothing on the line': {
    script: () => undefined,
    contract: 'exercise',
    why: /silent: nothing for 0.5 s/,
  },
  'stalls within its head': {
    script: (socket) => socket.write('HTTP/1.1 200 OK\r\nX-Much'),
    why: /stalled: nothing for 0.5 s/,
  },
  'stalls midway': {
    script: (socket) => socket.write(head(200, LENGTH)) && socket.write(HALF),
    why: /stalled: nothing for 0.5 s/,
  },
  'closes without a word': {
    script: (socket) => socket.end(),
    why: /not-http: it closed without an answer/,
  },
  'closes within its head': {
    script: (socket) => socket.end('HTTP/1.1 200 OK\r\nX-Much'),
    why: /closed-early: it closed without an answer/,
  },
  'closes midway': {
    script: (socket) => socket.write(head(200, LENGTH)) && socket.end(HALF),
    why: /closed-early: it closed \d+ bytes before the end/,
  },
  'resets the connection midway': {
    script: (socket) => {
      socket.write(head(200, LENGTH));
      socket.write(HALF, () => socket.resetAndDestroy());
    },
    why: /closed-early: it closed \d+ bytes before the end/,
  },
  'sends garbage': {
    script: (socket) => socket.end('\u0000garbage'.repeat(1000)),
    why: /not-http: it does not answer with HTTP/,
  },
  'sends garbage over HTTP, and more than the file on the line': {
    script: (socket) => socket.end(Buffer.alloc(BYTES.length + 1, 'garbage')),
    contract: 'exercise',
    why: /wrong-answer: it sent more than the 300000 bytes of the file/,
  },
  'knows the line alone, and closes midway': {
    script: (socket, opening) =>
      opening === `GET ${NAME}\r\n` ? socket.end(HALF) : socket.destroy(),
    contract: 'exercise',
    why: /closed-early: it closed 150000 bytes before the end/,
  },
  'knows the line alone, and does not have it': {
    script: (socket) => socket.end(),
    contract: 'exercise',
    why: /refused: it sent no bytes/,
  },
  'sends a head without an end': {
    script: (socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Much: ${'much '.repeat(20_000)}`),
    why: /wrong-answer: its head is no head/,
  },
  'sends a broken head, and would send an error page on the line': {
    script: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: much\r\n\r\nA page.'),
    contract: 'exercise',
    why: /wrong-answer: an encoded body, or one of unknown length/,
  },
  'switches to another protocol': {
    script: (socket) => socket.write(head(101, { connection: 'upgrade', upgrade: 'other' })),
    why: /wrong-answer: another protocol/,
  },
  redirects: {
    script: (socket) => socket.end(head(302, { location: 'http://127.0.0.1:9/' })),
    why: /refused: status 302/,
  },
  'sends a part that nobody asked for': {
    script: (socket) =>
      socket.end(head(206, { ...LENGTH, 'content-range': 'bytes 0-299999/300000' })),
    why: /wrong-answer: another range than was asked for/,
  },
  'sends it compressed': {
    script: (socket) => socket.end(head(200, { ...LENGTH, 'content-encoding': 'gzip' })),
    why: /wrong-answer: an encoded body/,
  },
  'does not tell the length': {
    script: (socket) => socket.end(`${head(200)}some bytes`),
    why: /wrong-answer: .*unknown length/,
  },
  'sends it in pieces of a length that is not told': {
    script: (socket) => socket.end(`${head(200, { 'transfer-encoding': 'chunked' })}4\r\nsome\r\n`),
    why: /wrong-answer: .*unknown length/,
  },
};

function told(source: { endpoint: ToldSource['endpoint'] }, contract: ToldSource['contract']) {
  return { endpoint: source.endpoint, contract, size: BYTES.length };
}

/** A peer of ours that has the file, called exercise-like so that it is tried last. */
async function honest(): Promise<ToldSource> {
  const { port } = await serve(await folderOf({ [NAME]: BYTES }));
  return told({ endpoint: { ipAddress: '127.0.0.1', port } }, 'exercise');
}

test.for(Object.entries(FAILING))(
  'a source that %s ends in no-source where it is alone, and is left where it is not',
  async ([, { script, why, ...more }]) => {
    const source = await startSource(script);
    const failing = told(source, more.contract ?? 'native');
    const alone = await startTelling(() => [failing]);
    const stalls = /nothing for/.test(why.source);
    const options = { name: NAME, ...(stalls && { stalledAfterMs: STALLED_AFTER_MS }) };
    const failure = await getToFile({ ...options, registry: alone }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CodedError);
    expect(failure).toMatchObject({ code: 'no-source' });
    const { message } = failure as CodedError;
    expect(message).toMatch(why);
    expect(message).toContain(`"${NAME}"`);
    expect(message).toContain(`127.0.0.1:${source.endpoint.port}`);

    const helper = await honest();
    const together = await startTelling(() => [failing, helper]);
    const got = await getToFile({ ...options, registry: together });
    expect(got.bytes.equals(BYTES)).toBe(true);
    expect(got.sources).toEqual([
      { endpoint: `127.0.0.1:${helper.endpoint.port}`, bytes: BYTES.length },
    ]);
  },
);
