// Any other implementation of the exercise talks to ours, in both directions: every registry with every
// peer and every client, at the usual base and at another one, under names that are hard to spell.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { getToFile } from './download/downloading.ts';
import { startAnswering } from './download/scripted.ts';
import { exerciseDownload, exerciseLookUp } from './exercise/client.ts';
import { deregisterFrom, registerWith, startExercisePeer } from './exercise/peer.ts';
import { startExerciseRegistry, type Endpoint } from './exercise/registry.ts';
import { sp2p, startSp2p } from './harness/command.ts';
import { startPeer, startRegistry } from './harness/running.ts';
import { folderOf, temporaryFolder } from './harness/temporary.ts';
import { serve } from './peer/serving.ts';

const NAMES = ['a b.txt', 'sub/c+d.txt', 'e#f?g&h=i%20.txt', 'папка/файл.bin', '小さい 😀.txt'];
const FILES = new Map(NAMES.map((name) => [name, randomBytes(1000)]));
const OTHER_BASE = 'api/powernap';
const LOOPBACK = '127.0.0.1';

interface RunningRegistry {
  /** What our commands take. */
  url: URL;
  /** Where the exercise's contract is. */
  base: string;
}

const REGISTRIES: Record<string, () => Promise<RunningRegistry>> = {
  'our registry': async () => {
    const { url } = await startRegistry();
    return { url, base: `${url.href}api/Registers` };
  },
  'our registry at another base': async () => {
    const { url } = await startRegistry({ bases: [OTHER_BASE] });
    return { url: new URL(OTHER_BASE, url), base: `${url.href}${OTHER_BASE}` };
  },
  'the exercise’s registry': async () => {
    const { url } = await exerciseRegistry();
    return { url: new URL(url), base: `${url}/api/Registers` };
  },
  'the exercise’s registry at another base': async () => {
    const { url } = await exerciseRegistry({ base: OTHER_BASE });
    return { url: new URL(url), base: url };
  },
};

/** Start with all the files, known to the registry; each tells its endpoint. */
const PEERS: Record<string, (registry: RunningRegistry) => Promise<Endpoint>> = {
  'our peer': async ({ url }) => {
    const shares = [await folderOf(Object.fromEntries(FILES))];
    const { port } = await startPeer({ shares, registry: url, advertise: LOOPBACK });
    return { ipAddress: LOOPBACK, port };
  },
  'the exercise’s peer': async ({ base }) => {
    const peer = await startExercisePeer({ files: FILES });
    onTestFinished(() => peer.stop());
    expect(await registerWith(base, peer.endpoint, NAMES)).toEqual(NAMES.map(() => 1));
    return peer.endpoint;
  },
};

async function exerciseRegistry(options: Parameters<typeof startExerciseRegistry>[0] = {}) {
  const registry = await startExerciseRegistry(options);
  onTestFinished(() => registry.stop());
  return registry;
}

describe.for(Object.keys(REGISTRIES))('at %s', (atRegistry) => {
  describe.for(Object.keys(PEERS))('from %s', (fromPeer) => {
    async function running(): Promise<RunningRegistry & { endpoint: Endpoint }> {
      const registry = (await REGISTRIES[atRegistry]?.()) ?? expect.fail();
      const endpoint = (await PEERS[fromPeer]?.(registry)) ?? expect.fail();
      return { ...registry, endpoint };
    }

    test('our client gets every file', async () => {
      const { url, endpoint } = await running();
      for (const [name, bytes] of FILES) {
        const got = await getToFile({ registry: url, name });
        expect(got.bytes.equals(bytes)).toBe(true);
        expect(got.sources).toEqual([
          { endpoint: `${endpoint.ipAddress}:${endpoint.port}`, bytes: bytes.length },
        ]);
      }
      await expect(getToFile({ registry: url, name: 'a' })).rejects.toMatchObject({
        code: 'not-known',
      });
    });

    test('the exercise’s client gets every file', async () => {
      const { base, endpoint } = await running();
      for (const [name, bytes] of FILES) {
        expect(await exerciseLookUp(base, name)).toEqual([endpoint]);
        for (const lineEnd of ['\n', '\r\n'] as const)
          expect((await exerciseDownload(endpoint, name, { lineEnd })).equals(bytes)).toBe(true);
      }
      expect(await exerciseLookUp(base, 'a')).toEqual([]);
      expect(await exerciseDownload(endpoint, 'a')).toHaveLength(0);
    });
  });
});

test('the commands do the same: search, get, and a peer of the exercise that goes', async () => {
  const { url, base } = (await REGISTRIES['our registry at another base']?.()) ?? expect.fail();
  const endpoint = (await PEERS['the exercise’s peer']?.({ url, base })) ?? expect.fail();
  const name = 'sub/c+d.txt';
  const found = await sp2p(['search', 'C+D', '--registry', url.href]);
  expect(found).toMatchObject({ code: 0, stderr: '' });
  expect(found.stdout.toString()).toContain(name);
  const cwd = await temporaryFolder();
  const got = await sp2p(['get', name, '--registry', url.href, '--json'], { cwd });
  expect(JSON.parse(got.stdout.toString())).toMatchObject({ name, verified: false });
  expect((await readFile(`${cwd}/c+d.txt`)).equals(FILES.get(name) ?? Buffer.alloc(0))).toBe(true);
  expect(await deregisterFrom(base, endpoint, NAMES)).toEqual(NAMES.map(() => 1));
  expect(await sp2p(['search', 'C+D', '--registry', url.href])).toMatchObject({ code: 3 });
});

test('at a registry of the exercise the commands know whole names alone, and say so', async () => {
  const { url } = await exerciseRegistry();
  const shared = await folderOf({ 'a b.txt': 'hello' });
  await startPeer({ shares: [shared], registry: new URL(url), advertise: LOOPBACK });
  const found = await sp2p(['search', 'a', 'b.txt', '--registry', url, '--json']);
  expect(JSON.parse(found.stdout.toString())).toEqual({
    found: [{ name: 'a b.txt', size: null, modified: null, holders: 1, versions: 0, root: null }],
    more: false,
  });
  expect(found.stderr).toMatch(/whole names, not parts/);
  expect(await sp2p(['search', 'a b', '--registry', url])).toMatchObject({ code: 3 });
  expect(await sp2p(['peers', '--registry', url])).toMatchObject({ code: 2 });
});

test('share registers a name at a time with a registry of the exercise, and takes all back', async () => {
  const registry = await exerciseRegistry();
  const shared = await folderOf(Object.fromEntries(FILES));
  const args = ['share', shared, '--registry', registry.url, '--port', '0'];
  const share = await startSp2p([...args, '--host', LOOPBACK, '--advertise', LOOPBACK, '--json']);
  const { endpoint, contract } = await share.event(({ event }) => event === 'announced');
  expect(contract).toBe('exercise');
  expect(registry.names()).toEqual(new Map(NAMES.map((name) => [name, [endpoint]])));
  const posts = registry.requests.filter((each) => each.startsWith('POST'));
  expect(posts.sort()).toEqual(
    NAMES.map((name) => `POST /api/Registers/${encodeURIComponent(name)}`).sort(),
  );
  share.process.kill('SIGTERM');
  expect(await share.ended).toMatchObject({ code: 0 });
  expect(registry.names()).toEqual(new Map());
});

test('a registry of the exercise that came back empty is told everything again', async () => {
  const first = await exerciseRegistry();
  const shares = [await folderOf(Object.fromEntries(FILES))];
  const told = { shares, registry: new URL(first.url), advertise: LOOPBACK, lookEveryMs: 50 };
  const { port } = await startPeer(told);
  expect([...first.names().keys()].sort()).toEqual([...NAMES].sort());
  await first.stop();
  const second = await exerciseRegistry({ port: first.port });
  await expect.poll(() => second.names().size, { timeout: 30_000 }).toBe(NAMES.length);
  expect(second.names().get('a b.txt')).toEqual([{ ipAddress: LOOPBACK, port }]);
});

test('names that a registry of the exercise refuses are left out, and the others registered', async () => {
  const registered: string[] = [];
  const registry = await startAnswering(({ method, url = '' }, response) => {
    // As Tomcat has it: no encoded slashes in a path.
    const status = url === '/api/v1' ? 404 : url.includes('%2F') ? 400 : 200;
    if (method === 'POST' && status === 200) registered.push(decodeURIComponent(url.slice(15)));
    response.writeHead(status).end(method === 'GET' ? '[]' : '1');
  });
  await startPeer({ shares: [await folderOf(Object.fromEntries(FILES))], registry });
  expect(registered.sort()).toEqual(NAMES.filter((name) => !name.includes('/')).sort());
});

test('what a registry of the exercise was told without answering is taken back too', async () => {
  const told = new Set<string>();
  const registry = await startAnswering(({ method, url = '' }, response) => {
    if (method === 'POST') {
      told.add(url);
      return;
    }
    if (method === 'PUT') told.delete(url);
    response.writeHead(url === '/api/v1' ? 404 : 200).end('1');
  });
  const shared = await folderOf(Object.fromEntries(FILES));
  const peer = await serve(shared, { network: { url: registry }, advertise: LOOPBACK });
  await expect.poll(() => told.size, { timeout: 20_000 }).toBe(NAMES.length);
  await peer.stop();
  expect([...told]).toEqual([]);
});
