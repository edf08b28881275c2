// A private network by what its people type: an administrator, one who shares and one who reads.
import { get, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { parseJoinLink } from '../../src/protocol/join-link.ts';
import { sp2p, startSp2p, type Ended } from '../harness/command.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';

const NAME = 'exam.txt';
const QUESTIONS = 'What is a lease?';
/** Whatever programs can say, they say. */
const LOUD = ['--log-level', 'trace', '--json'];

/** Runs a command as one of them. */
type Person = (args: string[], input?: string) => Promise<Ended>;

let admin: Person;
let bob: Person;
let bobsLink: string;
let registry: Awaited<ReturnType<typeof startSp2p>>;
let share: typeof registry;
/** All keys that were made. */
let keys: string[];

beforeEach(async () => {
  const at = ['--host', '127.0.0.1', '--port', '0', '--lease', '3', ...LOUD];
  const data = ['--data', await temporaryFolder()];
  registry = await startSp2p(['registry', '--private', ...data, ...at]);
  const { joinLink } = await registry.event((event) => event['joinLink'] !== undefined);
  const adminsEnv = await somebody();
  admin = (args, input) => sp2p(args, { env: adminsEnv, ...(input && { input }) });
  await done(admin(['join'], String(joinLink)));
  const bobsEnv = await somebody();
  bob = (args, input) => sp2p(args, { env: bobsEnv, ...(input && { input }) });
  bobsLink = await done(admin(['keys', 'create', 'Bob', '--role', 'reader']));

  const annsEnv = await somebody();
  const annsLink = await done(admin(['keys', 'create', 'Ann']));
  await done(sp2p(['join'], { env: annsEnv, input: annsLink }));
  const folder = await folderOf({ [NAME]: QUESTIONS });
  const where = ['--host', '127.0.0.1', '--port', '0', '--name', 'Ann', ...LOUD];
  keys = [String(joinLink), bobsLink, annsLink].map((link) => parseJoinLink(link.trim()).key);
  share = await startSp2p(['share', folder, ...where], { env: annsEnv });
  await share.event(({ event }) => event === 'announced');
  await expect.poll(() => names(admin)).toEqual([NAME]);
});

const somebody = async () => ({ SP2P_NETWORKS: join(await temporaryFolder(), 'networks.json') });

/** What a command printed that did what it was to do. */
async function done(command: Promise<Ended>): Promise<string> {
  const { code, stdout, stderr } = await command;
  expect(code, stderr).toBe(0);
  return stdout.toString();
}

/** What a search finds. */
async function names(person: Person): Promise<string[]> {
  const { code, stdout, stderr } = await person(['search', 'exam', '--json']);
  if (code === 3) return [];
  expect(code, stderr).toBe(0);
  const { found } = JSON.parse(stdout.toString()) as { found: { name: string }[] };
  return found.map(({ name }) => name);
}

/** What the registry tells, as it comes, whoever asks it with the key of a link. */
async function followed(link: string, path = '/api/v1/events'): Promise<() => string> {
  const { url, key } = parseJoinLink(link.trim());
  const asking: RequestOptions = {
    headers: { authorization: `Bearer ${key}` },
    // Whose certificate it is, other tests look at.
    rejectUnauthorized: false,
    agent: false,
  };
  let told = '';
  await new Promise<void>((resolve, reject) => {
    const request = get(new URL(path, url), asking, (response) => {
      response.setEncoding('utf8').on('error', () => undefined);
      response.on('data', (text: string) => {
        told += text;
        resolve();
      });
    }).on('error', reject);
    onTestFinished(() => void request.destroy());
  });
  return () => told;
}

test('whoever is given a link has the first byte after two commands, and takes nothing off', async () => {
  await done(bob(['join'], bobsLink));
  expect(await done(bob(['get', NAME, '-o', '-']))).toBe(QUESTIONS);
  for (const args of [['remove', 'name', NAME], ['removed'], ['restore', '1']]) {
    const { code, stderr } = await bob(args);
    expect([code, stderr]).toEqual([1, expect.stringContaining('[not-allowed]')]);
  }
  // Nor does an administrator who says it wrongly.
  for (const args of [
    ['remove', 'file', NAME],
    ['remove', 'name', '../exam.txt'],
    ['remove', 'content', 'ab'],
    ['remove', 'name'],
    ['restore', 'one'],
  ])
    expect(await admin(args), args.join(' ')).toMatchObject({ code: 2 });
  expect(await names(bob)).toEqual([NAME]);
});

test('a name or content that is taken off is gone for all at once, and comes back when it is restored', async () => {
  await done(bob(['join'], bobsLink));
  const told = await followed(bobsLink);
  const removed = await admin(['remove', 'name', NAME, '--reason', 'Not before Friday.']);
  expect(removed).toMatchObject({ code: 0 });
  const [, id = ''] = /"sp2p restore (\d+)" brings it back/.exec(removed.stderr) ?? [];
  expect(removed.stderr).toContain(`${NAME} is taken off.`);
  // Nobody has to wait for it, and who follows is told.
  expect(await names(bob)).toEqual([]);
  expect(await bob(['get', NAME, '-o', '-'])).toMatchObject({ code: 3 });
  const change = { kind: 'removed', what: 'name', subject: NAME };
  await expect.poll(told).toContain(JSON.stringify({ ...change, isHere: false }));

  const listed = await done(admin(['removed']));
  expect(listed).toMatch(
    /^ +\d+ {2}\d{4}-\d\d-\d\d {2}name {5}exam\.txt {2}administrator {2}Not before Friday\.\n$/,
  );
  const { removals } = JSON.parse(await done(admin(['removed', '--json']))) as {
    removals: unknown[];
  };
  expect(removals).toMatchObject([{ id: Number(id), kind: 'name', subject: NAME }]);

  const restored = await admin(['restore', id]);
  expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining(NAME) as string });
  await expect.poll(told).toContain(JSON.stringify({ ...change, isHere: true }));
  // The peer that has it tells of it anew by itself.
  await expect.poll(() => names(bob)).toEqual([NAME]);
  expect(await done(bob(['get', NAME, '-o', '-']))).toBe(QUESTIONS);
  expect((await admin(['removed'])).stderr).toContain('Nothing is taken off.');
  expect(await admin(['restore', id])).toMatchObject({ code: 1 });

  // A content is not got by its root either.
  const { found } = JSON.parse(await done(bob(['search', 'exam', '--json']))) as {
    found: { root: string }[];
  };
  const root = found[0]?.root ?? '';
  const removal = await done(admin(['remove', 'content', root, '--json']));
  expect(JSON.parse(removal)).toMatchObject({ kind: 'content', subject: root, reason: '' });
  expect(await names(bob)).toEqual([]);
  expect(await bob(['get', '--root', root, '-o', '-'])).toMatchObject({ code: 3 });
});

test('a peer that is taken off is gone with all it offers, and is told why', async () => {
  const { peers } = JSON.parse(await done(admin(['peers', '--json']))) as {
    peers: { peerId: string; displayName: string }[];
  };
  expect(peers).toMatchObject([{ displayName: 'Ann' }]);
  for (const [what, text] of [
    ['content', 'abc'],
    ['name', '../up'],
  ] as const)
    expect(await admin(['remove', what, text])).toMatchObject({ code: 2 });
  // What a registry calls a bad request need not be the fault of who asked.
  expect(await admin(['remove', 'peer', 'Ann'])).toMatchObject({ code: 1 });
  await done(admin(['remove', 'peer', peers[0]?.peerId.toUpperCase() ?? '']));
  expect(await names(admin)).toEqual([]);
  expect(JSON.parse(await done(admin(['peers', '--json'])))).toMatchObject({ peers: [] });
  expect(await share.event(({ event }) => event === 'away')).toMatchObject({ code: 'removed' });
});

test('no key, ticket or proof is in what programs write at their loudest, nor in the metrics', async () => {
  await done(bob(['join'], bobsLink));
  const got = await bob(['get', NAME, '-o', '-', '--log-level', 'trace']);
  expect(got).toMatchObject({ code: 0 });
  // Refused, too, they are not repeated.
  expect(await bob(['removed', '--json'])).toMatchObject({ code: 1 });
  const metrics = await followed(bobsLink, '/metrics');
  await expect.poll(metrics).toContain('sp2p_');
  const written = [got.stderr, metrics()];
  for (const { process, ended } of [share, registry]) {
    process.kill('SIGTERM');
    const { stdout, stderr } = await ended;
    // What it was to hand out, once.
    const told = stdout.toString().replace(/^\{"joinLink":.*$/m, '');
    expect(stderr).toContain('"level":');
    written.push(told, stderr);
  }
  const all = written.join('\n');
  for (const key of keys) expect(all).not.toContain(key.slice(-43));
  // Of whatever is signed, the beginning of its header.
  expect(all).not.toMatch(/eyJ[\w-]{8}|bearer /i);
});
