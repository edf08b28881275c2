// sp2p registry --private and sp2p keys, as they are typed.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseJoinLink } from '../../src/protocol/join-link.ts';
import { sp2p, startSp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { certified } from '../private/tls-registry.ts';

const HERE = ['--host', '127.0.0.1', '--port', '0', '--json'];

async function startPrivate(more: string[] = [], data?: string) {
  const folder = data ?? (await temporaryFolder());
  const started = await startSp2p(['registry', '--private', '--data', folder, ...HERE, ...more]);
  const { port } = await started.event((event) => event['port'] !== undefined);
  return { ...started, data: folder, port: Number(port) };
}

async function joined(link: string): Promise<{ SP2P_NETWORKS: string }> {
  const env = { SP2P_NETWORKS: join(await temporaryFolder(), 'networks.json') };
  expect(await sp2p(['join'], { env, input: link })).toMatchObject({ code: 0 });
  return env;
}

test('the first start shows the administrator’s join link, and no other start does', async () => {
  const first = await startPrivate();
  const { joinLink } = await first.event((event) => event['joinLink'] !== undefined);
  const { url, pin, key } = parseJoinLink(String(joinLink));
  expect([url.href, pin?.length]).toEqual([`https://127.0.0.1:${first.port}/`, 43]);
  first.process.kill('SIGTERM');
  const { code, stderr } = await first.ended;
  expect(code).toBe(0);
  expect(stderr).not.toContain(key);

  const second = await startPrivate([], first.data);
  second.process.kill('SIGTERM');
  const { stdout } = await second.ended;
  expect(stdout.toString()).not.toContain('joinLink');
  // What it keeps is its owner's alone, and does not hold the key.
  const index = join(first.data, 'index.sqlite');
  expect((await stat(index)).mode & 0o077).toBe(0);
  expect((await readFile(index)).includes(key)).toBe(false);
});

test('a key that an administrator makes lets in whoever joins with it, as what it is', async () => {
  const registry = await startPrivate();
  const { joinLink } = await registry.event((event) => event['joinLink'] !== undefined);
  const env = await joined(String(joinLink));
  const words = ['keys', 'create', 'Ann', '--role', 'reader', '--expires', '30d'];
  const made = await sp2p(words, { env });
  expect(made).toMatchObject({ code: 0 });
  const link = made.stdout.toString().trim();
  expect(made.stderr).toMatch(/Ann \(reader, until \d{4}-\d\d-\d\d\)/);
  expect(made.stderr).not.toContain(parseJoinLink(link).key);
  const ann = await joined(link);
  expect(await sp2p(['peers'], { env: ann })).toMatchObject({ code: 0 });
  const refused = await sp2p(['keys', 'list'], { env: ann });
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.stderr).toContain('[not-allowed]');
});

test('keys are listed without themselves, and revoked by their ids', async () => {
  const registry = await startPrivate();
  const { joinLink } = await registry.event((event) => event['joinLink'] !== undefined);
  const env = await joined(String(joinLink));
  const made = await sp2p(['keys', 'create', 'Ann', '--json'], { env });
  const { id, link } = JSON.parse(made.stdout.toString()) as { id: string; link: string };
  const listed = (await sp2p(['keys', 'list'], { env })).stdout.toString();
  expect(listed).toMatch(new RegExp(`^${id} +member +never ends +Ann\n`));
  expect(listed).not.toContain(parseJoinLink(link).key.slice(-43));
  expect(await sp2p(['keys', 'rotate'], { env })).toMatchObject({ code: 0 });
  expect(await sp2p(['keys', 'revoke', id], { env })).toMatchObject({ code: 0 });
  const after = await sp2p(['join'], { env, input: link });
  expect(after).toMatchObject({ code: 1 });
  expect(after.stderr).toContain('[bad-key]');
});

test.each([
  ['keys', 'create'],
  ['keys', 'create', 'Ann', '--role', 'king'],
  ['keys', 'create', 'Ann', '--expires', '2001-01-01'],
  ['keys', 'revoke', `sp2p_${'0'.repeat(16)}_${'s'.repeat(43)}`],
  ['keys', 'polish'],
  ['registry', '--tls-cert', '/no/such/file'],
  ['registry', '--private', '--tls-cert', '/no/such/file'],
  ['registry', '--private', '--tls-cert', '/no/such/file', '--tls-key', '/no/such/file'],
])('wrong usage is told as such, and repeats no secret: %s %s %s %s', async (...args) => {
  const data = await temporaryFolder();
  const { code, stderr } = await sp2p(args, { env: { SP2P_DATA: data } });
  expect(code).toBe(2);
  expect(stderr).not.toContain('s'.repeat(43));
});

test('the join link goes into a file of its owner’s alone, where one is named', async () => {
  const file = join(await temporaryFolder(), 'link');
  const { process, ended } = await startPrivate(['--link-file', file]);
  const text = () => readFile(file, 'utf8').catch(() => '');
  await expect.poll(text).toMatch(/^sp2p:/);
  const { key } = parseJoinLink(await text());
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  process.kill('SIGTERM');
  const { stdout, stderr } = await ended;
  expect(`${stdout.toString()}${stderr}`).not.toContain(key);
});

test('with a certificate that is given that nobody else vouches for the link has its pin', async () => {
  const folder = await temporaryFolder();
  const { cert, key, pin } = await certified(['registry.example']);
  await writeFile(join(folder, 'cert.pem'), cert);
  await writeFile(join(folder, 'key.pem'), key.export({ type: 'pkcs8', format: 'pem' }));
  const files = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  const { event } = await startPrivate(files);
  const { joinLink } = await event((each) => each['joinLink'] !== undefined);
  expect(parseJoinLink(String(joinLink))).toMatchObject({ pin });
});

test('a private index is not opened as one of an open network', async () => {
  const { data, process, ended } = await startPrivate();
  process.kill('SIGTERM');
  await ended;
  const { code, stderr } = await sp2p(['registry', '--data', data, ...HERE]);
  expect(code).toBe(2);
  expect(stderr).toContain('--private');
});
