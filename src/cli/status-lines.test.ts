// What a peer does, as a person reads it.
import { expect, test } from 'vitest';
import type { ControlState, Download } from '../protocol/control.ts';
import { statusLines } from './status-lines.ts';

const ROOT = 'ab'.repeat(32);
const SECOND = 1_000;

function download(facts: Partial<Download>): Download {
  return {
    ...{ id: '0'.repeat(16), name: 'film.mkv', root: ROOT, size: 2_048, path: '/d/film.mkv' },
    ...{ state: 'running', priority: 'normal', sequential: false, have: 1_024, pieceCount: 1 },
    ...{ rate: 512, secondsLeft: 2, addedAt: 1, finishedAt: null, sources: [], dropped: [] },
    ...{ wasted: 0, fault: null },
    ...facts,
  };
}

function state(facts: Partial<ControlState>): ControlState {
  return {
    peer: {
      ...{ version: '0.1.0', displayName: 'Ann', port: 7771, startedAt: 0 },
      endpoint: { ipAddress: '192.0.2.1', port: 7771 },
      registry: {
        ...{ url: 'http://192.0.2.9:7770', at: 'announced', since: 0, contract: 'native' },
        fault: null,
      },
      ...{ sent: 1_024, received: 2_048, uploadRate: 512, downloadRate: 0 },
    },
    ...{ shares: [], downloads: [], uploads: [] },
    limits: { maxUpload: 1_048_576, maxDownload: null },
    settings: { downloadFolder: '/d', atOnce: 3 },
    ...facts,
  };
}

const LINK = 'http://127.0.0.1:7772/#token=x';

test('a peer at rest is five lines', () => {
  expect(statusLines(state({}), LINK, 65 * SECOND)).toEqual([
    'Ann, port 7771, reached at 192.0.2.1:7771, since 1 min 5 s',
    `Page ${LINK}`,
    'Registry http://192.0.2.9:7770: registered',
    'Sent 1.00 KiB, now 512 B/s, limit 1.00 MiB/s',
    'Received 2.00 KiB, now 0 B/s, limit none',
  ]);
});

test('downloads are shown with how far they are and what becomes of them', () => {
  const fault = { code: 'disk-full', message: 'The disk is full.' };
  const source = { endpoint: '192.0.2.7:7771', isWhole: true, rate: 512, bytes: 1 };
  const lines = statusLines(
    state({
      downloads: [
        download({ sources: [source] }),
        download({ name: 'a', state: 'paused', have: 0 }),
        download({ name: 'b', state: 'waiting', size: null, have: 0, secondsLeft: null }),
        download({ name: 'c', state: 'failed', fault }),
        ...Array.from({ length: 7 }, (_, i) =>
          download({ name: `done ${i}`, state: 'done', have: 2_048, finishedAt: i }),
        ),
      ],
    }),
    LINK,
    0,
  );
  expect(lines.slice(5)).toEqual([
    '',
    'Downloads',
    `  ${'█'.repeat(12)}${'░'.repeat(12)}  50 %  film.mkv  1.00 KiB of 2.00 KiB  512 B/s from 1  2 s left`,
    `  ${'░'.repeat(24)}   0 %  a  0 B of 2.00 KiB  paused`,
    `  ${'░'.repeat(24)}   0 %  b  0 B  waiting`,
    `  ${'█'.repeat(12)}${'░'.repeat(12)}  50 %  c  1.00 KiB of 2.00 KiB  failed: The disk is full.`,
    ...[6, 5, 4, 3, 2].map((i) => `  ${'█'.repeat(24)} 100 %  done ${i}  2.00 KiB  done`),
    '  and 2 more that are done',
  ]);
});

test('shares, uploads, and a registry that is away', () => {
  const share = { id: '0'.repeat(16), files: 1_234, bytes: 5, unnameable: 0 };
  const indexing = { filesLeft: 1, bytesLeft: 1, bytesDone: 1 };
  const fault = { code: 'registry-unreachable', message: 'No registry answers.' };
  const { peer } = state({});
  const lines = statusLines(
    state({
      peer: {
        ...{ ...peer, displayName: null, endpoint: null },
        registry: { ...peer.registry, at: 'away', since: 0, fault },
      },
      shares: [
        { ...share, folder: '/music', isDownloads: false, indexing, fault: null },
        { ...share, folder: '/d', isDownloads: true, indexing: null, fault: null },
      ],
      uploads: [
        { to: '192.0.2.8', name: null, root: null, rate: 1, bytes: 1 },
        { to: '192.0.2.9:7771', name: 'a\u001b[2J', root: ROOT, rate: 2, bytes: 1 },
      ],
    }),
    LINK,
    60 * SECOND,
  );
  expect(lines[0]).toBe('port 7771, since 1 min 0 s');
  expect(lines[2]).toBe(
    'Registry http://192.0.2.9:7770: away since 1 min 0 s: No registry answers.',
  );
  expect(lines.slice(5)).toEqual([
    ...['', 'Shares', '     1,234 files       5 B  /music (hashing, 1 file left)'],
    ...['     1,234 files       5 B  /d (downloads go there)', '', 'Uploads'],
    '         2 B/s  to 192.0.2.9:7771  a\\u{1b}[2J',
    '         1 B/s  to 192.0.2.8',
  ]);
});
