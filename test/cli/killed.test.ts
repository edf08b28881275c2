// A download that is killed again and again, at any moment, comes to its end, and fetches little twice.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, PIECE, startContentSource } from '../download/content-source.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { startTellingContents } from './telling-contents.ts';

const KILLS = 10;
const SOURCES = 2;
const MiB = 1024 * 1024;

test('killed at 10 random moments it ends right, and no more than the pieces on their way are lost', async () => {
  const content = contentOf(randomBytes(64 * MiB + 1234));
  const size = content.bytes.length;
  const sources = await Promise.all(
    Array.from({ length: SOURCES }, () => startContentSource(content, { rate: 30 * MiB })),
  );
  const sent = () => sources.reduce((sum, source) => sum + source.sent, 0);
  const { href } = await startTellingContents(() => [
    { root: content.root, name: 'large', size, sources: sources.map(({ endpoint }) => endpoint) },
  ]);
  const folder = await temporaryFolder();
  const args = ['get', 'large', '--registry', href, '-o', folder, '--json'];

  for (let kill = 0; kill < KILLS; kill++) {
    const one = sources[kill % SOURCES];
    const running = await startSp2p(args);
    // Of what is sent from now on.
    await one?.hasSent(one.sent + Math.ceil(Math.random() * 1.2 * MiB));
    running.process.kill('SIGKILL');
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await readdir(folder)).not.toContain('large');
  }
  expect(sent()).toBeLessThan(size);
  const last = await sp2p(args);
  expect(last).toMatchObject({ code: 0, stderr: '' });
  const result = JSON.parse(last.stdout.toString()) as { kept: number; verified: boolean };
  expect(result.verified).toBe(true);
  expect(result.kept).toBeGreaterThan(0);
  expect((await readFile(join(folder, 'large'))).equals(content.bytes)).toBe(true);
  expect(await readdir(folder)).toEqual(['large']);
  // The last run may ask a second time for what is slow at its end: as much as it has under way.
  expect(sent()).toBeLessThanOrEqual(size + (KILLS + 1) * SOURCES * 2 * PIECE);
}, 120_000);
