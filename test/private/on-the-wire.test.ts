// What somebody sees who reads along on the wire, from the first command of a network to a download: every
// connection of its programs passes a relay that keeps each byte.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseJoinLink } from '../../src/protocol/join-link.ts';
import { sp2p, startSp2p, type CommandOptions, type Ended } from '../harness/command.ts';
import { folderOf, temporaryFolder } from '../harness/temporary.ts';
import { BEHIND, startWire, TOLD, type Wire } from './recording-relay.ts';

const NAME = 'summer/wedding-film.txt';
const LINE = 'what only the guests may read';
const CONTENT = `${LINE}\n`.repeat(40_000);
/** RFC 8446 section 5.1: change_cipher_spec, alert, handshake, application_data. */
const RECORD_TYPES = [20, 21, 22, 23];
const RECORD_HEAD_BYTES = 5;

interface Member {
  /** The words by which a command means the network; none where it was joined. */
  network: string[];
  env: NonNullable<CommandOptions['env']>;
}

const succeeded = async (ended: Promise<Ended>): Promise<string> => {
  const { code, stdout, stderr } = await ended;
  expect(code, stderr).toBe(0);
  return stdout.toString();
};

async function newcomer(network: string[] = []): Promise<Member> {
  return { network, env: { SP2P_NETWORKS: join(await temporaryFolder(), 'networks.json') } };
}

async function joined(link: string): Promise<Member> {
  const member = await newcomer();
  await succeeded(sp2p(['join'], { env: member.env, input: link }));
  return member;
}

async function startRegistry({ port }: Wire, more: string[] = []) {
  const data = ['--data', await temporaryFolder()];
  const at = ['--host', BEHIND, '--port', String(port), '--advertise', TOLD];
  const started = await startSp2p(['registry', ...data, ...at, '--json', ...more]);
  await started.event((event) => event['port'] === port);
  return started;
}

/** One shares, the other one finds it and gets it; answers the root of what was got. */
async function passOn({ port }: Wire, giving: Member, getting: Member): Promise<string> {
  const at = ['--host', BEHIND, '--port', String(port), '--advertise', TOLD];
  const folder = await folderOf({ [NAME]: CONTENT });
  const words = ['share', folder, ...at, ...giving.network, '--json'];
  const { event } = await startSp2p(words, { env: giving.env });
  await event(({ event: what }) => what === 'indexed');
  await event(({ event: what }) => what === 'announced');
  const { env, network } = getting;
  const search = () => succeeded(sp2p(['search', 'wedding', ...network, '--json'], { env }));
  await expect.poll(search).toContain(NAME);
  // It is to serve nobody meanwhile: it would do so elsewhere than behind a relay.
  const cwd = await temporaryFolder();
  const got = await succeeded(
    sp2p(['get', NAME, '--no-share', ...network, '--json'], { env, cwd }),
  );
  expect(await readFile(join(cwd, 'wedding-film.txt'), 'utf8')).toBe(CONTENT);
  return (JSON.parse(got) as { root: string }).root;
}

/** Which of these words stand in what passed, in whatever case. */
function wordsIn(passed: Buffer[], words: string[]): string[] {
  const texts = passed.map((said) => said.toString('latin1').toLowerCase());
  return words.filter((word) => texts.some((text) => text.includes(word.toLowerCase())));
}

/** The types of the TLS records of which it consists; undefined: it is something else. */
function recordsOf(said: Buffer): number[] | undefined {
  const types: number[] = [];
  let at = 0;
  while (at + RECORD_HEAD_BYTES <= said.length) {
    const type = said.readUInt8(at);
    if (!RECORD_TYPES.includes(type) || said.readUInt8(at + 1) !== 3) return undefined;
    types.push(type);
    at += RECORD_HEAD_BYTES + said.readUInt16BE(at + 3);
  }
  return types;
}

const bytesOf = (passed: Buffer[]) => passed.reduce((sum, { length }) => sum + length, 0);

test('in a private network neither name nor content nor key passes in the clear', async () => {
  const [toRegistry, toPeer] = [await startWire(), await startWire()];
  const { event } = await startRegistry(toRegistry, ['--private']);
  const link = String((await event(({ joinLink }) => joinLink !== undefined))['joinLink']);
  expect(parseJoinLink(link).url.port).toBe(String(toRegistry.port));
  const admin = await joined(link);
  const made = await succeeded(sp2p(['keys', 'create', 'Bob', '--role', 'reader'], admin));
  const root = await passOn(toPeer, admin, await joined(made));

  const passed = [...toRegistry.passed(), ...toPeer.passed()];
  expect(bytesOf(toPeer.passed())).toBeGreaterThan(CONTENT.length);
  const keys = [link, made].map((each) => parseJoinLink(each.trim()).key.slice(-43));
  expect(wordsIn(passed, ['wedding', LINE, root, 'bearer', ...keys])).toEqual([]);
  for (const said of passed.filter(({ length }) => length > 0)) {
    const [first, ...others] = recordsOf(said) ?? [];
    // Either end begins with its hello, and what follows is, but for alerts, encrypted.
    expect(first).toBe(22);
    expect(others).toContain(23);
  }
});

test('in an open network the same is read along', async () => {
  const [toRegistry, toPeer] = [await startWire(), await startWire()];
  await startRegistry(toRegistry);
  const network = ['--registry', `http://${TOLD}:${toRegistry.port}`];
  const root = await passOn(toPeer, await newcomer(network), await newcomer(network));
  expect(wordsIn(toRegistry.passed(), ['wedding', LINE, root])).toEqual(['wedding', root]);
  expect(wordsIn(toPeer.passed(), ['wedding', LINE, root])).toContain(LINE);
  expect(recordsOf(toPeer.passed()[0] ?? Buffer.of())).toBeUndefined();
});
