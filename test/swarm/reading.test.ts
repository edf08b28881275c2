// What is read from a pipe while it comes: the first bytes are there before the last ones, and a reader who
// has seen enough ends it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../src/protocol/endpoints.ts';
import { contentOf, PIECE, startContentSource, type Answer } from '../download/content-source.ts';
import { getIntoPipe, HASTY } from '../download/getting-content.ts';
import { folderOf } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { announceFile, startPatientRegistry } from './announcing.ts';
import { startLinkedSource } from './linked-source.ts';

const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const CONTENT = contentOf(randomBytes(40 * PIECE));
const WANTED = 1_000_000;
/** Longer than all patience with sources: what is not asked for does not stall. */
const PAUSE_MS = 8_000;
/** Pieces that hold what is wanted. */
const FIRST = Math.ceil(WANTED / PIECE);

interface HeldBack {
  knowsLinks: boolean;
  start: (answers: (honest: Answer, piece: number) => Promise<Answer>) => Promise<Source>;
}

interface Source {
  endpoint: Endpoint;
}

const SOURCES: HeldBack[] = [
  { knowsLinks: true, start: (answers) => startLinkedSource(CONTENT, { answers }) },
  {
    knowsLinks: false,
    start: (answers) =>
      startContentSource(CONTENT, {
        answers: (honest, { piece }) => (piece === 'layer' ? honest : answers(honest, piece)),
      }),
  },
];

test.for(SOURCES)(
  'get -o - | head has the first bytes before the rest has left its source (links: $knowsLinks), and both end',
  { timeout: 120_000 },
  async ({ start }) => {
    const { url } = await startPatientRegistry();
    const read = Promise.withResolvers<undefined>();
    const first = new Set<number>();
    const source = await start(async (honest, piece) => {
      if (piece >= FIRST) await read.promise;
      else first.add(piece);
      return honest;
    });
    await announceFile(url, source.endpoint, CONTENT, 'film');
    const get = `"$0" "$1" get film --registry "$2" -o -`;
    const shell = spawn(
      'bash',
      [
        '-c',
        `${get} | head -c ${WANTED}; echo "\${PIPESTATUS[0]}" >&2`,
        ...[process.execPath, COMMAND, url.href],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    onTestFinished(() => {
      shell.kill('SIGKILL');
    });
    let stderr = '';
    shell.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const chunks: Buffer[] = [];
    let count = 0;
    shell.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      count += chunk.length;
      if (count === WANTED) read.resolve(undefined);
    });
    // The shell waits for both.
    await once(shell, 'close');
    expect(Buffer.concat(chunks).equals(CONTENT.bytes.subarray(0, WANTED))).toBe(true);
    expect(stderr).toBe('0\n');
    expect([...first].toSorted((a, b) => a - b)).toEqual([...Array(FIRST).keys()]);
  },
);

test('a reader who pauses for long gets the rest when it goes on', async () => {
  // Far more than is held for it.
  const large = contentOf(randomBytes(160 * PIECE));
  const peer = await serve(await folderOf({ film: large.bytes }));
  const resting = Promise.withResolvers<undefined>();
  let isPaused = false;
  const got = getIntoPipe(
    large,
    {
      sources: () => [{ ipAddress: '127.0.0.1', port: peer.port }],
      size: large.bytes.length,
      inOrder: true,
      patience: { ...HASTY, stalledAfterMs: 2_000, trickleOverMs: 2_000 },
    },
    async () => {
      if (isPaused) return;
      isPaused = true;
      setTimeout(() => {
        resting.resolve(undefined);
      }, PAUSE_MS);
      await resting.promise;
    },
  );
  expect((await got).bytes.equals(large.bytes)).toBe(true);
}, 120_000);
