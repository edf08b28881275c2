// Who holds the whole may go when each piece is somewhere: the others have it from each other.
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseFollowerWord } from '../../src/protocol/link.ts';
import { parseRanges } from '../../src/protocol/piece-set.ts';
import { contentOf, PIECE } from '../download/content-source.ts';
import { announceFile, startPatientRegistry } from './announcing.ts';
import { downloadInSwarm } from './downloaders.ts';
import { greet, startLinkedSource, type LinkedSource } from './linked-source.ts';

const PIECES = 64;
const CONTENT = contentOf(randomBytes((PIECES - 1) * PIECE + 77));
const GETTERS = 8;
/** Who wanted nothing, or nothing now, is offered something again after so long. */
const REST_MS = 20;

/** Offers each piece to one follower, when all followers are there, and dies when each has arrived. */
async function startDyingSeed(): Promise<LinkedSource> {
  const pool = Array.from({ length: PIECES }, (_, piece) => piece);
  const arrived = new Set<number>();
  const offering = new Set<() => void>();
  const seed = await startLinkedSource(CONTENT, {
    links: (socket) => {
      let offered: number | undefined;
      const offer = () => {
        if (offering.size < GETTERS || offered !== undefined) return;
        offered = pool.shift();
        if (offered !== undefined) socket.send(JSON.stringify({ offer: [offered] }));
      };
      const takeBack = () => {
        if (offered !== undefined) pool.push(offered);
        offered = undefined;
      };
      socket.on('message', (data: Buffer) => {
        const { have, pass, later } = parseFollowerWord(data.toString());
        for (const piece of parseRanges(have ?? '', PIECES)) {
          arrived.add(piece);
          if (piece === offered) offered = undefined;
        }
        if (arrived.size === PIECES) void seed.vanish();
        else if (pass ?? later) {
          takeBack();
          setTimeout(offer, REST_MS);
        } else if (have !== undefined) {
          if (!offering.has(offer)) offering.add(offer);
          for (const each of offering) each();
        }
      });
      socket.once('close', () => {
        offering.delete(offer);
        takeBack();
      });
      greet(socket);
    },
  });
  return seed;
}

test('with the seed killed after it has sent each piece once, all eight finish', async () => {
  const { url } = await startPatientRegistry();
  const seed = await startDyingSeed();
  await announceFile(url, seed.endpoint, CONTENT, 'film');
  const getters = await Promise.all(
    Array.from({ length: GETTERS }, () => downloadInSwarm(CONTENT, { url })),
  );
  const all = await Promise.all(getters.map(({ done }) => done));
  expect(all.every(({ bytes }) => bytes.equals(CONTENT.bytes))).toBe(true);
  expect(seed.asked.toSorted((a, b) => a - b)).toEqual([...Array(PIECES).keys()]);
  // No more of it than once, among all of them.
  const fromSeed = all
    .flatMap(({ sources }) => sources)
    .filter(({ endpoint }) => endpoint === seed.key)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  expect(fromSeed).toBe(CONTENT.bytes.length);
}, 120_000);
