// A download takes no more than its owner allows, and takes no source to task for that.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { contentOf, PIECE, startContentSource } from './content-source.ts';
import { getToFile } from './downloading.ts';
import { getContent, getIntoPipe, HASTY } from './getting-content.ts';
import { serving, startSource, startTelling, type Script } from './scripted.ts';

const PIECES = 12;
const CONTENT = contentOf(randomBytes(PIECES * PIECE));
const SMALL = randomBytes(20_000);

/** Resolves when sources were looked for so often: every 100 ms. */
function looks(count: number) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let seen = 0;
  const look = () => {
    if (++seen === count) resolve(undefined);
  };
  return { promise, look };
}

test.each([1, 3])(
  'a limited download of %i sources comes whole, from all of them',
  async (count) => {
    const sources = await Promise.all(
      Array.from({ length: count }, () => startContentSource(CONTENT)),
    );
    for (const get of [getContent, getIntoPipe]) {
      const got = await get(CONTENT, { sources, downloadLimit: new RateLimit(4_000_000) });
      expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
      expect(got.failed).toEqual([]);
      expect(got.sources.length).toBe(count);
    }
  },
);

test('sources that the limit keeps waiting for longer than a stall or a trickle are not left', async () => {
  const sources = await Promise.all([1, 2, 3].map(() => startContentSource(CONTENT)));
  // Three times as long as a trickle is looked at, and five stalls.
  const { promise: later, look } = looks(30);
  const downloadLimit = new RateLimit(4_000_000);
  const got = getContent(CONTENT, {
    sources: () => {
      look();
      return sources.map(({ endpoint }) => endpoint);
    },
    patience: HASTY,
    downloadLimit,
    onProgress: ({ have }) => {
      if (have > 2 * PIECE && downloadLimit.bytesPerSecond === 4_000_000)
        downloadLimit.bytesPerSecond = 1;
    },
  });
  await later;
  expect(downloadLimit.bytesPerSecond).toBe(1);
  downloadLimit.bytesPerSecond = Infinity;
  const { bytes, failed } = await got;
  expect(bytes.equals(CONTENT.bytes)).toBe(true);
  expect(failed).toEqual([]);
  const asked = sources.flatMap((source) => source.asked).filter((each) => each !== 'layer');
  // The proof is asked for once: company would only share the limit.
  expect(asked.length).toBeLessThanOrEqual(PIECES + sources.length);
});

test('a source that stalls is left under a limit, too', async () => {
  const stalling = await startContentSource(CONTENT, {
    answers: (honest, { turn }) => (turn < 3 ? honest : undefined),
  });
  const steady = await startContentSource(CONTENT);
  const got = await getContent(CONTENT, {
    sources: [stalling, steady],
    downloadLimit: new RateLimit(4_000_000),
  });
  expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
});

const overLine: Script = (socket, opening) => {
  if (opening.startsWith('GET a b.bin')) socket.end(SMALL);
  else socket.end();
};

test.each([
  ['HTTP', serving(SMALL, '"tag"')],
  ['the line', overLine],
])(
  'what comes unverified over %s waits for the limit, and not for its source',
  async (_, script) => {
    const { endpoint } = await startSource(script);
    const registry = await startTelling(() => [{ endpoint, contract: 'exercise', size: 20_000 }]);
    // Each portion waits for longer than a source may be silent.
    const got = await getToFile({
      registry,
      stalledAfterMs: 100,
      downloadLimit: new RateLimit(8_192),
    });
    expect(got.bytes.equals(SMALL)).toBe(true);
    expect(got.failed).toEqual([]);
  },
);
