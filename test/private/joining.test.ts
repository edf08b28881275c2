// sp2p join, leave and networks: the link is shown to nobody, what is kept is the owner's alone, and a
// command means the network that was joined.
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatJoinLink } from '../../src/protocol/join-link.ts';
import { openTerminal } from '../cli/pseudo-terminal.ts';
import { sp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { ANNS, certified, KEY, startTlsRegistry, type TlsRegistry } from './tls-registry.ts';

const SECRET = KEY.slice(-43);
const linkTo = ({ url, pin }: { url: URL; pin?: string }) => formatJoinLink({ url, pin, key: KEY });
const startPrivate = () =>
  startTlsRegistry((head) => ({
    json: head.startsWith('GET /api/v1/peers') ? { peers: [], more: false } : ANNS,
  }));

async function networksFile(): Promise<{ file: string; env: Record<string, string> }> {
  const file = join(await temporaryFolder(), 'config', 'networks.json');
  return { file, env: { SP2P_NETWORKS: file } };
}

const kept = async (file: string) =>
  JSON.parse(await readFile(file, 'utf8')) as { networks: unknown[]; default: unknown };

test('a link from stdin joins; all commands ask that network then, until it is left', async () => {
  const registry = await startPrivate();
  const { file, env } = await networksFile();
  const joined = await sp2p(['join', '--json'], { env, input: `${linkTo(registry)}\n` });
  expect(joined).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(joined.stdout.toString())).toEqual({
    ...{ registry: registry.url.origin, name: 'Ann', role: 'member' },
  });
  const { href } = registry.url;
  expect(await kept(file)).toEqual({
    networks: [{ url: href, pin: registry.pin, key: KEY }],
    default: href,
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const before = registry.told().length;
  expect(await sp2p(['peers', '--json'], { env })).toMatchObject({ code: 0 });
  expect(registry.told().slice(before)).toContain(`authorization: Bearer ${KEY}`);
  // However it is named, it is spoken to as the link said.
  for (const named of [`127.0.0.1:${registry.port}`, `http://127.0.0.1:${registry.port}`])
    expect(await sp2p(['peers', '--json', '--registry', named], { env })).toMatchObject({
      code: 0,
    });

  const listed = await sp2p(['networks', '--json'], { env });
  expect(JSON.parse(listed.stdout.toString())).toEqual({
    networks: [{ registry: registry.url.origin, isPinned: true, isDefault: true }],
  });
  const words = await sp2p(['networks'], { env });
  for (const { stdout, stderr } of [joined, listed, words])
    for (const shown of [stdout.toString(), stderr])
      for (const secret of [SECRET, registry.pin]) expect(shown).not.toContain(secret);

  expect(await sp2p(['leave'], { env })).toMatchObject({ code: 0 });
  expect(await kept(file)).toEqual({ networks: [], default: null });
  expect(await sp2p(['leave'], { env })).toMatchObject({ code: 2 });
});

test('on a terminal the link is asked for, and not shown', async () => {
  const registry = await startPrivate();
  const { file, env } = await networksFile();
  const terminal = openTerminal(['join'], { env });
  await terminal.shows(/The join link/);
  terminal.type(`${linkTo(registry)}\r`);
  await terminal.shows(/You are in the network at .*, as Ann \(member\)/);
  const { code, sent } = await terminal.ended;
  expect(code).toBe(0);
  expect(sent).not.toContain(SECRET.slice(0, 8));
  expect(await kept(file)).toMatchObject({ default: registry.url.href });
});

test.each([
  ['join', (secret: string) => ['join', secret]],
  ['leave', (secret: string) => ['leave', secret]],
  ['--registry', (secret: string) => ['peers', '--registry', secret]],
  ['--registry before the command', (secret: string) => ['--registry', secret, 'search', 'a']],
])('a secret in the arguments of %s is refused, and not repeated', async (_what, args) => {
  const registry = await startPrivate();
  const { env } = await networksFile();
  const { code, stdout, stderr } = await sp2p(args(linkTo(registry)), { env });
  expect(code).toBe(2);
  expect(stderr).toContain('a secret never stands in a command');
  expect(stdout.toString() + stderr).not.toContain(SECRET);
  expect(registry.connections()).toBe(0);
});

test('the last that was joined is the one that is meant; the other goes on by its name', async () => {
  const [first, second] = [await startPrivate(), await startPrivate()];
  const { file, env } = await networksFile();
  for (const each of [first, second, first])
    expect(await sp2p(['join'], { env, input: linkTo(each) })).toMatchObject({ code: 0 });
  expect(await kept(file)).toMatchObject({ default: first.url.href });
  expect((await kept(file)).networks).toHaveLength(2);
  const asks = (each: TlsRegistry) => each.told().match(/^GET \/api\/v1\/peers/gm)?.length ?? 0;
  await sp2p(['peers'], { env });
  await sp2p(['peers', '--registry', second.url.href], { env });
  expect([asks(first), asks(second)]).toEqual([1, 1]);
  expect(await sp2p(['leave'], { env })).toMatchObject({ code: 0 });
  expect(await kept(file)).toMatchObject({ default: second.url.href });
});

test('what is wrong is not joined, and nothing is kept of it', async () => {
  const registry = await startPrivate();
  const refusing = await startTlsRegistry(() => ({
    ...{ status: 401, json: { code: 'bad-key', detail: 'This key was revoked.' } },
  }));
  const open = await startTlsRegistry(() => ({ json: { service: 'sp2p-registry' } }));
  const { file, env } = await networksFile();
  const { pin } = await certified();
  for (const [input, code, words] of [
    ['', 2, /\[bad-join-link\]/],
    [linkTo(registry).slice(0, -1), 2, /\[bad-join-link\]/],
    [`${linkTo(registry)}\n${linkTo(registry)}`, 2, /\[bad-join-link\]/],
    ['a'.repeat(1_000_000), 2, /\[bad-join-link\]/],
    [linkTo({ url: registry.url, pin }), 1, /\[wrong-certificate\]/],
    [linkTo({ url: registry.url }), 1, /\[registry-unreachable\]/],
    [linkTo(refusing), 1, /This key was revoked\. \[bad-key\]/],
    [linkTo(open), 1, /\[registry-misbehaves\]/],
  ] as const) {
    const ended = await sp2p(['join'], { env, input });
    expect(ended).toMatchObject({ code });
    expect(ended.stderr).toMatch(words);
    expect(ended.stderr).not.toContain(SECRET);
  }
  await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
});

const ONE = { url: 'https://127.0.0.1:9/', pin: 'A'.repeat(43), key: KEY };
test.each([
  ['no JSON', '{'],
  ['nothing', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['a network in the clear', { networks: [{ ...ONE, url: 'http://127.0.0.1:9/' }], default: null }],
  ['a path', { networks: [{ ...ONE, url: 'https://127.0.0.1:9/a' }], default: null }],
  ['a user', { networks: [{ ...ONE, url: 'https://a:b@127.0.0.1:9/' }], default: null }],
  ['no URL', { networks: [{ ...ONE, url: 'here' }], default: null }],
  ['no pin', { networks: [{ ...ONE, pin: '' }], default: null }],
  ['no key', { networks: [{ ...ONE, key: 'sp2p_' }], default: null }],
  ['a header in the key', { networks: [{ ...ONE, key: `${KEY}\r\nx: y` }], default: null }],
  ['what is not known', { networks: [{ ...ONE, more: 1 }], default: null }],
  ['too many', { networks: Array.from({ length: 101 }, () => ONE), default: null }],
  ['too much', ' '.repeat(100_000)],
])('a file of networks with %s stops every command, and is not repeated', async (_what, value) => {
  const { file, env } = await networksFile();
  await mkdir(join(file, '..'));
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  await writeFile(file, text, { mode: 0o600 });
  const { code, stderr } = await sp2p(['peers', '--registry', 'http://127.0.0.1:9'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain(file);
  expect(stderr).toContain('[cannot-open-data]');
  expect(stderr).not.toContain(SECRET);
});

test('a file of networks that others can read, or that lies elsewhere, is not used', async () => {
  const { file, env } = await networksFile();
  const elsewhere = join(await temporaryFolder(), 'elsewhere.json');
  const text = JSON.stringify({ networks: [ONE], default: ONE.url });
  await mkdir(join(file, '..'));
  await writeFile(file, text, { mode: 0o600 });
  const refused = async (why: RegExp) => {
    const { code, stderr } = await sp2p(['peers'], { env });
    expect(code).toBe(1);
    expect(stderr).toMatch(why);
  };
  await refused(/No registry answers at https:\/\/127\.0\.0\.1:9/);
  for (const mode of [0o644, 0o640, 0o602]) {
    await chmod(file, mode);
    await refused(/others can read it/);
  }
  await writeFile(elsewhere, text, { mode: 0o600 });
  const linked = join(file, '..', 'linked.json');
  await symlink(elsewhere, linked);
  const { code, stderr } = await sp2p(['peers', '--networks', linked], { env });
  expect([code, stderr.includes('it is a link')]).toEqual([1, true]);
});
