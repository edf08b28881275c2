// Several who get one file at the same time get it from each other, too.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, PIECE } from '../download/content-source.ts';
import { sp2p } from '../harness/command.ts';
import { startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { serve } from '../peer/serving.ts';
import { announceFile, startPatientRegistry } from './announcing.ts';
import { startUplink } from './uplink.ts';
import { startSp2p } from '../harness/command.ts';

const CONTENT = contentOf(randomBytes(39 * PIECE + 1234));
const GETTERS = 4;
const MiB = 1024 * 1024;

interface Result {
  size: number;
  root: string;
  verified: boolean;
  sources: { endpoint: string; bytes: number }[];
  failed: { endpoint: string; reason: string }[];
}

async function getAll(registry: URL): Promise<Result[]> {
  return Promise.all(
    Array.from({ length: GETTERS }, async () => {
      const folder = await temporaryFolder();
      const ended = await sp2p([
        'get',
        'film',
        '--registry',
        registry.href,
        '-o',
        folder,
        '--json',
      ]);
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect((await readFile(join(folder, 'film'))).equals(CONTENT.bytes)).toBe(true);
      return JSON.parse(ended.stdout.toString()) as Result;
    }),
  );
}

test('four that get a file at once from a share with a thin line all end right, and send it to each other', async () => {
  const share = await serve(await folderOf({ film: CONTENT.bytes }));
  const uplink = await startUplink(share.port, 3 * MiB);
  const { url } = await startPatientRegistry();
  await announceFile(url, uplink.endpoint, CONTENT, 'film');

  const results = await getAll(url);
  for (const { size, root, verified, sources } of results) {
    expect({ size, root, verified }).toEqual({
      size: CONTENT.bytes.length,
      root: CONTENT.root,
      verified: true,
    });
    expect(sources.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(CONTENT.bytes.length);
  }
  const fromShare = results
    .flatMap(({ sources }) => sources)
    .filter(({ endpoint }) => endpoint === uplink.key)
    .reduce((sum, { bytes }) => sum + bytes, 0);
  expect(fromShare).toBeLessThan((GETTERS * CONTENT.bytes.length) / 2);
  expect(uplink.sent).toBeLessThan((GETTERS * CONTENT.bytes.length) / 2);
}, 120_000);

test('four that get a file at once from the real command all end right', async () => {
  const { url } = await startRegistry();
  const folder = await folderOf({ film: CONTENT.bytes });
  const args = ['share', folder, '--registry', url.href, '--port', '0', '--host', '127.0.0.1'];
  const share = await startSp2p([...args, '--json']);
  await share.event(({ event }) => event === 'announced');
  for (const { verified, failed } of await getAll(url)) {
    expect(verified).toBe(true);
    expect(failed.filter(({ reason }) => /wrong|bad/.test(reason))).toEqual([]);
  }
}, 120_000);
