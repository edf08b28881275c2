// Downloads in a private network: over TLS from whom the registry names, with tickets.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Identity } from '../../src/lib/identity.ts';
import { credentialsOf, tlsServer } from '../../src/lib/tls.ts';
import { RateLimit } from '../../src/lib/rate-limit.ts';
import { fetchOverHttp } from '../../src/peer/download/fetch-http.ts';
import { PartFile } from '../../src/peer/download/part-file.ts';
import { memberOf, startHolder, startPrivateNetwork } from '../peer/private-network.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { contentOf, startContentSource } from './content-source.ts';
import { getContent, getIntoPipe } from './getting-content.ts';

const BYTES = randomBytes(5 * 1024 * 1024 + 7);

test('a content comes whole from those whom the registry names, with one ticket for all', async () => {
  const inside = await startPrivateNetwork();
  const [holder] = [await startHolder(inside, BYTES), await startHolder(inside, BYTES)];
  const member = memberOf(inside);
  const got = await getContent(holder, {
    access: member.access,
    sources: () => inside.sources.map(({ endpoint, peerId }) => ({ ...endpoint, peerId })),
  });
  expect(got.bytes.equals(BYTES)).toBe(true);
  expect(inside.asked).toEqual([{ root: holder.root, asker: member.identity.peerId }]);
});

test.each([
  ['at once', () => Promise.resolve(), undefined],
  ['by a slow reader', () => new Promise((resolve) => setTimeout(resolve, 5)), undefined],
  ['within a limit', () => Promise.resolve(), new RateLimit(8 * 1024 * 1024)],
])('what comes over TLS comes whole and in order, taken %s', async (_how, take, downloadLimit) => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  const got = await getIntoPipe(
    holder,
    {
      access: memberOf(inside).access,
      sources: () => inside.sources.map(({ endpoint, peerId }) => ({ ...endpoint, peerId })),
      downloadLimit,
    },
    take,
  );
  expect(got.bytes.equals(BYTES)).toBe(true);
});

test('a file comes by its name over TLS, whole and in order', async () => {
  const inside = await startPrivateNetwork();
  const { endpoint, member, root } = await startHolder(inside, BYTES);
  const path = join(await temporaryFolder(), 'got');
  const part = await PartFile.open(path, false);
  await fetchOverHttp({ endpoint, peerId: member.identity.peerId }, 'a b.bin', part, {
    ...{ root, access: memberOf(inside).access, signal: new AbortController().signal },
    ...{ stalledAfterMs: 5_000, onBytes: () => undefined },
  });
  await part.finish();
  expect((await readFile(path)).equals(BYTES)).toBe(true);
});

test('a source with another key than the one that is named gets not one byte of a ticket', async () => {
  const inside = await startPrivateNetwork();
  const content = contentOf(BYTES);
  let heard = 0;
  const secure = tlsServer(await credentialsOf(Identity.fresh()), 5_000, (socket) => {
    socket.on('error', () => undefined);
    socket.pipe(new PassThrough()).on('data', (bytes: Buffer) => (heard += bytes.length));
  });
  secure.on('tlsClientError', () => undefined);
  const wrong = await startContentSource(content, {
    opens: (socket) => {
      socket.removeAllListeners('data');
      secure.emit('connection', socket);
    },
  });
  const { peerId } = Identity.fresh();
  const failed = getContent(content, {
    access: memberOf(inside).access,
    sources: () => [{ ...wrong.endpoint, peerId }],
  });
  await expect(failed).rejects.toThrow(/no-source|unreachable: Another one/i);
  await wrong.misbehaved;
  expect(inside.asked).toHaveLength(1);
  expect(heard).toBe(0);
});

test('a source of which nobody says who it is is not called', async () => {
  const inside = await startPrivateNetwork();
  const content = contentOf(BYTES);
  let calls = 0;
  const source = await startContentSource(content, { opens: () => calls++ });
  const failed = getContent(content, {
    access: memberOf(inside).access,
    sources: () => [source.endpoint],
  });
  await expect(failed).rejects.toThrow('the registry does not say');
  expect(calls).toBe(0);
});

test('where the registry gives no ticket, its reason is what is told', async () => {
  const inside = await startPrivateNetwork();
  const holder = await startHolder(inside, BYTES);
  inside.refuses = { code: 'removed', detail: 'An administrator took this off.' };
  const failed = getContent(holder, {
    access: memberOf(inside).access,
    sources: () => inside.sources.map(({ endpoint, peerId }) => ({ ...endpoint, peerId })),
  });
  await expect(failed).rejects.toMatchObject({ code: 'removed' });
});
