// What only shows between two machines: which address the others are given, and whose endpoint it is.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sp2p, startSp2p } from '../harness/command.ts';
import { twoHosts, whyNoNamespaces, type Host } from '../harness/namespaces.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';

const missing = await whyNoNamespaces();
if (missing !== undefined)
  process.stderr.write(`\nNOT RUN: the tests between two hosts, because ${missing}.\n`);

async function registryOn({ namespace }: Host): Promise<number> {
  const data = await temporaryFolder();
  const args = ['registry', '--port', '0', '--data', data, '--json'];
  const { event } = await startSp2p(args, { namespace });
  return (await event((each) => 'port' in each))['port'] as number;
}

async function shareOn({ namespace }: Host, registry: string, folder: string) {
  const args = ['share', folder, '--registry', registry, '--port', '0', '--json'];
  const { event } = await startSp2p(args, { namespace });
  return event((each) => each['event'] === 'announced');
}

/** POSTs a registration with curl, and answers its status. */
function post(host: Host, registry: string, endpoint: object): Promise<string> {
  const body = JSON.stringify(endpoint);
  const url = `${registry}/api/Registers/x`;
  return host.run('curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-d', body, url);
}

test.skipIf(missing !== undefined)(
  'a peer on the registry’s own machine is reached from there and from elsewhere',
  async () => {
    const [a, b] = await twoHosts();
    const port = await registryOn(a);
    const folder = await folderOf({ 'film.txt': 'a film' });
    await shareOn(a, `http://127.0.0.1:${port}`, folder);

    for (const [host, registry, source] of [
      [b, `http://${a.address}:${port}`, a.address],
      [a, `http://127.0.0.1:${port}`, '127.0.0.1'],
      [a, `http://${a.address}:${port}`, a.address],
    ] as const) {
      const cwd = await temporaryFolder();
      const args = ['get', 'film.txt', '--registry', registry, '--json'];
      const { code, stdout, stderr } = await sp2p(args, { cwd, namespace: host.namespace });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      expect(await readFile(`${cwd}/film.txt`, 'utf8')).toBe('a film');
      const { sources } = JSON.parse(stdout.toString()) as { sources: { endpoint: string }[] };
      expect(sources[0]?.endpoint).toContain(`${source}:`);
    }
  },
);

test.skipIf(missing !== undefined)(
  'the exercise’s clients elsewhere are given an address of the registry’s machine that they can use',
  async () => {
    const [a, b] = await twoHosts();
    const port = await registryOn(a);
    await shareOn(a, `http://127.0.0.1:${port}`, await folderOf({ 'film.txt': 'a film' }));
    const path = 'api/Registers/film.txt';
    const elsewhere = await b.run('curl', '-s', `http://${a.address}:${port}/${path}`);
    expect(JSON.parse(elsewhere)).toMatchObject([{ ipAddress: a.address }]);
    const here = await a.run('curl', '-s', `http://127.0.0.1:${port}/${path}`);
    expect(JSON.parse(here)).toMatchObject([{ ipAddress: '127.0.0.1' }]);
  },
);

test.skipIf(missing !== undefined)(
  'an endpoint is registered from its own address or from the registry’s machine, not from elsewhere',
  async () => {
    const [a, b] = await twoHosts();
    const port = await registryOn(a);
    const registry = `http://${a.address}:${port}`;
    expect(await post(b, registry, { ipAddress: a.address, port: 1 })).toBe('403');
    expect(await post(b, registry, { ipAddress: '127.0.0.1', port: 1 })).toBe('403');
    expect(await post(b, registry, { ipAddress: b.address, port: 1 })).toBe('200');
    expect(await post(b, registry, { ipAddress: `::ffff:${b.address}`, port: 1 })).toBe('200');
    expect(await post(a, registry, { ipAddress: b.address, port: 2 })).toBe('200');
    expect(await post(a, `http://127.0.0.1:${port}`, { ipAddress: b.address, port: 3 })).toBe(
      '200',
    );
  },
);

test.skipIf(missing !== undefined)(
  'a peer elsewhere is registered under the address that the registry sees, and fetched from',
  async () => {
    const [a, b] = await twoHosts();
    const port = await registryOn(a);
    const registry = `http://${a.address}:${port}`;
    const folder = await folderOf({ 'far.txt': 'from afar' });
    const announced = await shareOn(b, registry, folder);
    expect(announced).toMatchObject({ endpoint: { ipAddress: b.address } });
    const args = ['get', 'far.txt', '--registry', `http://127.0.0.1:${port}`, '-o', '-'];
    const { stdout } = await sp2p(args, { namespace: a.namespace });
    expect(stdout.toString()).toBe('from afar');
  },
);

test.skipIf(missing !== undefined)(
  'a private network spans machines: who joins elsewhere by the link that was printed gets and gives',
  async () => {
    const [a, b] = await twoHosts();
    const at = ['--port', '0', '--data', await temporaryFolder(), '--advertise', a.address];
    const registry = await startSp2p(['registry', '--private', ...at, '--json'], a);
    const link = String(
      (await registry.event(({ joinLink }) => joinLink !== undefined))['joinLink'],
    );
    const env = async () => ({ SP2P_NETWORKS: join(await temporaryFolder(), 'networks.json') });
    const [onA, onB] = [
      { namespace: a.namespace, env: await env() },
      { namespace: b.namespace, env: await env() },
    ];
    expect(await sp2p(['join'], { ...onA, input: link })).toMatchObject({ code: 0 });
    const made = await sp2p(['keys', 'create', 'Bob'], onA);
    expect(await sp2p(['join'], { ...onB, input: made.stdout.toString() })).toMatchObject({
      code: 0,
    });
    for (const [giving, getting, name] of [
      [onA, onB, 'from a.txt'],
      [onB, onA, 'from b.txt'],
    ] as const) {
      const folder = await folderOf({ [name]: `this is ${name}` });
      const { event } = await startSp2p(['share', folder, '--port', '0', '--json'], giving);
      await event((each) => each['event'] === 'announced');
      const { code, stdout } = await sp2p(['get', name, '--wait', '30', '-o', '-'], getting);
      expect([code, stdout.toString()]).toEqual([0, `this is ${name}`]);
    }
  },
);
