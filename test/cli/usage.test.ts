// How the command is called: help, flags, variables, exit codes, and which words go where.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startAnswering, startTelling } from '../download/scripted.ts';
import { sp2p } from '../harness/command.ts';
import { startPeer, startRegistry } from '../harness/running.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';

const COMMAND = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
const NOTHING = Buffer.alloc(0);

/** A registry and a peer that shares these files. */
async function sharing(files: Record<string, string>) {
  const { url } = await startRegistry();
  const peer = await startPeer({ shares: [await folderOf(files)], registry: url });
  return { registry: url.href, peer };
}

/** Of one block, so the hash of its bytes. */
const ROOT_OF_HELLO = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

test('without a terminal and without arguments it prints help', async () => {
  const { code, stdout, stderr } = await sp2p([]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of ['registry', 'backup', 'share', 'search', 'get', 'peers', 'status'])
    expect(stdout.toString()).toMatch(new RegExp(`^  ${command} `, 'm'));
});

test('it tells its version', async () => {
  const { version } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  expect(await sp2p(['--version'])).toMatchObject({ code: 0, stdout: Buffer.from(`${version}\n`) });
});

const WRONG: Record<string, [args: string[], message: RegExp]> = {
  'an unknown flag': [['--nope'], /unknown option '--nope'/],
  'an unknown flag of a command': [['get', 'a', '--nope'], /unknown option '--nope'/],
  'an unknown command': [['serch'], /serch/],
  'a command that only an object has': [['constructor'], /constructor/],
  'a missing name': [['get'], /Name a file, or give its --root.*\[bad-usage\]/],
  'a root that is none': [['get', '--root', 'abc'], /64 hex digits/],
  'a registry that is no address': [['search', 'a', '--registry', 'ftp://a'], /http address/],
  'an ending that is none': [['search', 'a', '--type', 'a/b'], /the end of a name/],
  'a size that is none': [['search', 'a', '--min-size', '2Mbit'], /It is a size, such as/],
  'a day that is none': [['search', 'a', '--newer', '2026-13-01'], /It is a day, such as/],
  'a port that is none': [['share', '.', '--port', '70000'], /whole number from 0 to 65535/],
  'an upload limit that is none': [['share', '.', '--max-upload', '2Mb'], /It is a rate in bytes/],
  'a download limit that is none': [
    ['get', 'a', '--max-download', 'fast'],
    /It is a rate in bytes/,
  ],
  'a number of connections that is none': [['share', '.', '--max-connections', '0'], /from 1 to/],
  'an address that is none': [['share', '.', '--advertise', 'here'], /an IP address/],
  'a level that is none': [['get', 'a', '--log-level', 'loud'], /Allowed choices are/],
  'a base that is none': [['registry', '--base', 'a b'], /a plain path.*\[bad-usage\]/],
  'a proxy that is none': [
    ['registry', '--trust-proxy', 'here'],
    /an address or a range.*\[bad-usage\]/,
  ],
  'a limit of requests that is none': [['registry', '--rate-limit', '-1'], /whole number from 0/],
  'a time to drain that is none': [['registry', '--drain', '1.5'], /whole number from 0/],
  'a file of flags that is not there': [
    ['registry', '--config', '/no/such/file'],
    /\/no\/such\/file: it cannot be read: ENOENT.*\[bad-usage\]/,
  ],
  'a backup to nowhere': [['backup'], /missing required argument/],
  'a name that leaves the folder': [['get', '../a'], /"\.\." segments.*\[bad-name\]/],
  'a name that steers a terminal': [['get', 'a\u001b[2J'], /"a\\u\{1b\}\[2J".*\[bad-name\]/],
};

test('wrong usage is exit 2, with the reason on stderr and nothing on stdout', async () => {
  const ended = await Promise.all(
    Object.entries(WRONG).map(async ([what, [args]]) => [what, await sp2p(args)] as const),
  );
  for (const [what, { code, stdout, stderr }] of ended) {
    expect({ what, code, stdout: stdout.toString() }).toEqual({ what, code: 2, stdout: '' });
    expect(stderr).toMatch(WRONG[what]?.[1] ?? /never/);
  }
});

test('a name that nobody offers is exit 3, from get and from search', async () => {
  const { registry } = await sharing({ 'a.txt': 'hello' });
  const cwd = await temporaryFolder();
  const got = await sp2p(['get', 'b.txt', '--registry', registry], { cwd });
  expect(got).toMatchObject({ code: 3, stdout: NOTHING });
  expect(got.stderr).toBe('sp2p: Nobody offers "b.txt". [not-known]\n');
  expect(await readdir(cwd)).toEqual([]);
  const searched = await sp2p(['search', 'b.txt', '--registry', registry, '--json']);
  expect(searched.code).toBe(3);
  expect(JSON.parse(searched.stdout.toString())).toEqual({ found: [], more: false });
  expect(searched.stderr).toMatch(/\[not-known\]\n$/);
});

test('a name that no source delivers is exit 4', async () => {
  const { registry, peer } = await sharing({});
  const told = await startTelling(() => [
    { endpoint: { ipAddress: '127.0.0.1', port: peer.port }, contract: 'native', size: 1 },
  ]);
  const got = await sp2p(['get', 'a.txt', '--registry', told.href]);
  expect(got).toMatchObject({ code: 4, stdout: NOTHING });
  expect(got.stderr).toBe(
    `sp2p: No source could deliver "a.txt": 127.0.0.1:${peer.port} (refused: it does not have it (404)). [no-source]\n`,
  );
  expect((await sp2p(['get', 'a.txt', '--registry', registry])).code).toBe(3);
});

test('a search says of a name how many contents it has, where there are several', async () => {
  const found = { name: 'a.txt', size: 5, modified: 0, holders: 2, versions: 1, root: null };
  const more = [1_234, 2, 0].map((versions) => ({ ...found, name: `${versions}.txt`, versions }));
  const { href } = await startAnswering(({ url }, response) => {
    const service = { service: 'sp2p-registry', version: '0', leaseSeconds: 25 };
    const answer = url === '/api/v1' ? service : { found: [found, ...more], more: false };
    response.end(JSON.stringify(answer));
  });
  const searched = await sp2p(['search', 'txt', '--registry', href]);
  expect(searched.stdout.toString().match(/\S+\.txt.*$/gm)).toEqual([
    ...['a.txt', '1234.txt (1,234 versions)', '2.txt (2 versions)', '0.txt'],
  ]);
});

test('the answers in JSON have the shapes that programs go by', async () => {
  const { registry, peer } = await sharing({ 'sub/a.txt': 'hello' });
  const cwd = await temporaryFolder();
  const endpoint = `127.0.0.1:${peer.port}`;
  const searched = await sp2p(['search', 'a.txt', '--registry', registry, '--json']);
  expect(searched.stderr).toBe('');
  expect(JSON.parse(searched.stdout.toString())).toEqual({
    found: [
      {
        ...{ name: 'sub/a.txt', size: 5, modified: expect.any(Number) as number, holders: 1 },
        ...{ versions: 1, root: ROOT_OF_HELLO },
      },
    ],
    more: false,
  });
  const got = await sp2p(['get', 'sub/a.txt', '--registry', registry, '--json'], { cwd });
  expect(got).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(got.stdout.toString())).toEqual({
    name: 'sub/a.txt',
    root: ROOT_OF_HELLO,
    size: 5,
    seconds: expect.any(Number) as number,
    verified: true,
    kept: 0,
    wasted: 0,
    sources: [{ endpoint, bytes: 5 }],
    failed: [],
  });
  const peers = await sp2p(['peers', '--registry', registry, '--json']);
  expect(JSON.parse(peers.stdout.toString())).toEqual({
    peers: [
      {
        endpoint: { ipAddress: '127.0.0.1', port: peer.port },
        contract: 'native',
        peerId: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        displayName: null,
        names: 1,
      },
    ],
    more: false,
  });
});

test('without --json stdout carries what was found, and where the file is', async () => {
  const { registry } = await sharing({ 'sub/a.txt': 'hello', 'sub/b.txt': 'hello' });
  const cwd = await temporaryFolder();
  const searched = await sp2p(['search', '.txt', '--registry', registry, '--limit', '1']);
  expect(searched.stdout.toString()).toMatch(/^ +1× +5 B {2}\d{4}-\d\d-\d\d {2}sub\/a\.txt\n$/);
  expect(searched.stderr).toMatch(/^There are more than 1 name;/);
  const got = await sp2p(['get', 'sub/a.txt', '--registry', registry], { cwd });
  expect(got.stdout.toString()).toBe('a.txt\n');
  expect(got.stderr).toMatch(/^sub\/a\.txt: 5 B in .* from 127\.0\.0\.1:\d+; verified\.\n$/);
});

test('every flag has a variable, which the flag itself overrules', async () => {
  const { registry } = await sharing({ 'a.txt': 'hello', 'b.txt': 'hello' });
  const env = { SP2P_REGISTRY: registry, SP2P_JSON: '1', SP2P_LIMIT: '1', SP2P_OUTPUT: 'other' };
  const searched = await sp2p(['search', '.txt'], { env });
  expect(JSON.parse(searched.stdout.toString())).toMatchObject({
    found: [{ name: 'a.txt' }],
    more: true,
  });
  const all = await sp2p(['search', '.txt', '--limit', '2'], { env });
  expect(JSON.parse(all.stdout.toString())).toMatchObject({ more: false });

  const cwd = await folderOf({ other: 'mine' });
  expect((await sp2p(['get', 'a.txt'], { env, cwd })).code).toBe(1);
  expect((await sp2p(['get', 'a.txt'], { env: { ...env, SP2P_FORCE: '1' }, cwd })).code).toBe(0);
  expect(await readFile(`${cwd}/other`, 'utf8')).toBe('hello');
  const wrong = await sp2p(['search', 'a'], { env: { ...env, SP2P_LIMIT: 'many' } });
  expect(wrong).toMatchObject({ code: 2, stdout: NOTHING });
  expect(wrong.stderr).toContain('SP2P_LIMIT');
});

test('a registry that is named before the command is the one that is asked', async () => {
  const { registry } = await sharing({ 'a.txt': 'hello' });
  const env = { SP2P_REGISTRY: 'http://127.0.0.1:1' };
  expect(await sp2p(['--registry', registry, 'search', 'a'], { env })).toMatchObject({ code: 0 });
  const both = ['--registry', 'http://127.0.0.1:1', 'search', 'a', '--registry', registry];
  expect(await sp2p(both)).toMatchObject({ code: 0 });
});

test('a reader that has seen enough is no failure', async () => {
  const names = Array.from({ length: 1000 }, (_, i) => [`${'long '.repeat(30)}${i}`, ''] as const);
  const { registry } = await sharing(Object.fromEntries(names));
  const args = [COMMAND, 'search', 'long', '--limit', '1000', '--registry', registry];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stderr: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(Buffer.concat(stderr).toString()).toBe('');
});

test('a stdout that takes nothing is a failure, and says so', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [COMMAND, '--help'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  closeSync(full);
  expect(stderr).toMatch(/^sp2p: stdout cannot be written: ENOSPC.*\[disk-full\]\n$/);
  expect(status).toBe(1);
});
