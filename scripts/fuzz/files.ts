// What is kept in files, by us or by people: nothing of it is trusted when it is read.
import { Command } from 'commander';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Value } from 'typebox/value';
import { withConfigFile } from '../../src/cli/config-file.ts';
import { readNetworks, writeNetworks } from '../../src/cli/networks.ts';
import { option, portOption, registryOption } from '../../src/cli/options.ts';
import { peerIdOf } from '../../src/lib/identity.ts';
import { createLog } from '../../src/lib/log.ts';
import { ownIdentity } from '../../src/peer/own-identity.ts';
import { RecordsSchema } from '../../src/peer/downloads/record.ts';
import { PartFile } from '../../src/peer/download/part-file.ts';
import { PieceFile } from '../../src/peer/download/piece-file.ts';
import { StateFile } from '../../src/peer/state-file.ts';
import { isStrongTag } from '../../src/protocol/ranges.ts';
import { answerLater, must, type Parser } from './parser.ts';

const ROOT = '8f3c2a0d51b94e67c0a9de13847b65f2'.repeat(2);
const PIECES = 5;
const SIZE = PIECES * 256 * 1024;
const KEY = `sp2p_0123456789abcdef_${'A'.repeat(43)}`;
/** Of RFC 8032 section 7.1, test 1. */
const PEM = [
  '-----BEGIN PRIVATE KEY-----',
  'MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g',
  '-----END PRIVATE KEY-----',
  '',
].join('\n');
/** What holds secrets is read only where nobody else could have written it. */
const OWNERS = { mode: 0o600 };
const silent = createLog('silent');

/** A folder that is gone when the process ends as it should. */
export async function scratchFolder(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sp2p-fuzz-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function stateFile(folder: string): Parser {
  const path = join(folder, 'downloads.json');
  const record = {
    ...{
      id: '0123456789abcdef',
      name: 'a.txt',
      root: ROOT,
      toldSize: 5,
      size: null,
      path: '/tmp/a.txt',
    },
    ...{
      state: 'done',
      priority: 'normal',
      sequential: false,
      have: 0,
      addedAt: 1,
      finishedAt: null,
      fault: null,
    },
  };
  return {
    name: 'state-file',
    good: [
      { version: 1, downloads: [record] },
      { version: 1, downloads: [] },
    ],
    judge: async (input) => {
      await writeFile(path, input);
      const file = new StateFile(path, RecordsSchema, silent);
      const value = await file.load();
      if (value === undefined) {
        must((await readFile(`${path}.broken`)).equals(input), 'not put aside', path);
        return;
      }
      must(Value.Check(RecordsSchema, value), 'another shape', value);
      await file.save(() => value);
      must(isDeepStrictEqual(await file.load(), value), 'another one after it was saved', value);
    },
  };
}

/** What is remembered of a part whose content nobody has proven. */
export function partState(folder: string): Parser {
  const target = join(folder, 'part');
  return {
    name: 'part-state',
    good: [
      { tag: '"abc"', size: 5 },
      { tag: `"${ROOT}"`, size: 2 ** 40 },
    ],
    judge: async (input) => {
      await writeFile(join(folder, '.part.sp2p-part'), 'hello');
      await writeFile(join(folder, '.part.sp2p-state'), input);
      const part = await PartFile.open(target, false);
      const { tag, size = 0 } = part.state;
      must(
        [0, 5].includes(part.length) && part.length <= size,
        'bytes of nothing',
        part.length,
        size,
      );
      must(tag === undefined ? part.length === 0 : isStrongTag(tag), 'a weak tag', tag);
      part.forget();
      await part.leave();
    },
  };
}

/** The notes of which pieces are there. */
export function pieceNotes(folder: string): Parser {
  const target = join(folder, 'pieces');
  const head = `${JSON.stringify({ root: ROOT, size: SIZE })}\n`;
  const notes = join(folder, `.pieces.${ROOT.slice(0, 16)}.sp2p-state`);
  return {
    name: 'piece-notes',
    good: [`${head}01101`, `${head}11111`, `${head}00000`],
    judge: async (input) => {
      await writeFile(notes, input);
      const file = await PieceFile.open(target, ROOT, false);
      const claims = await file.prepare(SIZE);
      must(
        claims.length === PIECES && claims.every((claim) => claim === 0 || claim === 1),
        'no claims',
        [...claims],
      );
      const isOurs = input.length === head.length + PIECES && input.toString().startsWith(head);
      if (!isOurs)
        must(
          claims.every((claim) => claim === 0),
          'claims of other notes',
          [...claims],
        );
      await file.leave();
      await PieceFile.remove(target, ROOT);
    },
  };
}

export function configFile(folder: string): Parser {
  const path = join(folder, 'flags.json');
  return {
    name: 'config-file',
    good: [
      { port: 0, host: '127.0.0.1', json: true, base: ['api/x', 'y'] },
      { registry: 'http://127.0.0.1:7770/x', logLevel: 'info' },
      {},
    ],
    judge: async (input) => {
      await writeFile(path, input);
      const command = new Command('registry')
        .addOption(portOption(7770))
        .addOption(option('--host <address>', 'x'))
        .addOption(registryOption())
        .addOption(option('--base <path...>', 'x'))
        .addOption(option('--log-level <level>', 'x').choices(['silent', 'info']))
        .addOption(option('--json', 'x'))
        .exitOverride()
        .action(() => undefined);
      await answerLater(['bad-usage'], () =>
        withConfigFile(command).parseAsync(['--config', path], { from: 'user' }),
      );
      const { port, json } = command.opts<{ port: unknown; json: unknown }>();
      must(Number.isInteger(port), 'no port', port);
      must(json === undefined || typeof json === 'boolean', 'no switch', json);
    },
  };
}

export function networksFile(folder: string): Parser {
  const path = join(folder, 'networks.json');
  const url = 'https://192.0.2.1:7770/';
  return {
    name: 'networks-file',
    good: [
      { networks: [{ url, pin: `${'B'.repeat(42)}A`, key: KEY }], default: url },
      { networks: [{ url: 'https://registry.example/', key: KEY }], default: null },
      { networks: [], default: null },
    ],
    judge: async (input) => {
      await writeFile(path, input, OWNERS);
      const joined = await answerLater(['cannot-open-data'], () => readNetworks(path));
      if (!joined) return;
      for (const each of joined.networks) {
        must(each.url.protocol === 'https:', 'not over TLS', each.url);
        must(each.url.href === `${each.url.origin}/`, 'more than a place', each.url);
      }
      await writeNetworks(path, joined);
      must(isDeepStrictEqual(await readNetworks(path), joined), 'read again it is another', joined);
    },
  };
}

export function identityFile(folder: string): Parser {
  const path = join(folder, 'identity.pem');
  return {
    name: 'identity-file',
    good: [PEM, PEM.replaceAll('\n', '\r\n')],
    judge: async (input) => {
      await writeFile(path, input, OWNERS);
      const { peerId, publicKey } = await ownIdentity(folder);
      must(peerId === peerIdOf(publicKey), 'an id of another key', peerId);
      must((await ownIdentity(folder)).peerId === peerId, 'another one the next time', peerId);
    },
  };
}
