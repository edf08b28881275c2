// Whatever a source does wrong: where it is alone, nothing wrong is taken, and it is said who did what;
// beside an honest one the download ends right.
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CodedError } from '../../src/protocol/errors.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, PIECE, startContentSource } from './content-source.ts';
import { getContent, HASTY } from './getting-content.ts';
import { misdeedsWithLayers } from './misdeeds-with-layers.ts';
import { misdeedsWithConnections, misdeedsWithPieces } from './misdeeds-with-pieces.ts';

const CONTENT = contentOf(randomBytes(4 * PIECE + 300));

const size = CONTENT.bytes.length;
const MISDEEDS = {
  ...misdeedsWithPieces(CONTENT),
  ...misdeedsWithConnections(),
  ...misdeedsWithLayers(CONTENT),
};

test.for(Object.entries(MISDEEDS))(
  'a source that %s ends in no-source where it is alone, and is made up for where it is not',
  async ([, { says, isLie = false, ...options }]) => {
    const alone = async () => {
      const bad = await startContentSource(CONTENT, options);
      const folder = await temporaryFolder();
      const getting = getContent(CONTENT, { sources: [bad], size }, join(folder, 'got'));
      const failure = await getting.then(
        () => 'it went well',
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(CodedError);
      const { code, message, facts } = failure as CodedError;
      expect(code).toBe('no-source');
      expect(message).toMatch(says);
      expect(message).toContain(bad.key);
      expect(facts).toEqual({
        failed: [{ endpoint: bad.key, reason: expect.stringMatching(says) as string }],
      });
      expect(await readdir(folder)).not.toContain('got');
    };
    const together = async () => {
      const bad = await startContentSource(CONTENT, options);
      const honest = await startContentSource(CONTENT, {
        answers: async (answer) => {
          await bad.misbehaved;
          return answer;
        },
      });
      const patience = { ...HASTY, stalledAfterMs: 1_500, trickleOverMs: 1_500 };
      const got = await getContent(CONTENT, {
        sources: [bad, honest],
        size,
        patience,
      });
      expect(got.bytes.equals(CONTENT.bytes)).toBe(true);
      expect(got.size).toBe(size);
      expect(got.failed.map(({ endpoint }) => endpoint)).not.toContain(honest.key);
      if (isLie)
        expect(got.failed).toEqual([
          { endpoint: bad.key, reason: expect.stringMatching(says) as string },
        ]);
    };
    await Promise.all([alone(), together()]);
  },
);
