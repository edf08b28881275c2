// npm start: a registry, two peers that share real files and one with a page, a search and a download
// through them as proof, and then all stay up to be tried. With --once, or without a terminal, it ends
// after the proof.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadPage } from '../src/cli/page.ts';
import { createLog } from '../src/lib/log.ts';
import { pageRoutes } from '../src/lib/http/page-routes.ts';
import { RateLimit } from '../src/lib/rate-limit.ts';
import { ControlServer } from '../src/peer/control/control-server.ts';
import { Peer } from '../src/peer/peer.ts';
import { CodedError } from '../src/protocol/errors.ts';
import { lastSegment, printable } from '../src/protocol/names.ts';
import { Registry } from '../src/registry/registry.ts';
import { SqliteStore } from '../src/registry/store/sqlite.ts';

const REGISTRY_PORT = 7770;
const PEER_PORT = 7771;
/** What each of the sharing peers sends at most: without, a download on one machine is over at once. */
const SHOWN_BYTES_A_SECOND = 4 * 1024 * 1024;

const root = fileURLToPath(new URL('../', import.meta.url));
const command = join(root, 'bin', 'sp2p.js');
const log = createLog('warn');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { once: { type: 'boolean', default: false } },
});
// A folder of small files; and one large file, of which the pieces can be seen to come.
const shares =
  positionals[0] === undefined
    ? [join(root, 'docs'), dirname(process.execPath)]
    : [resolve(positionals[0])];
const staysUp = !values.once && process.stdout.isTTY;

const page = await loadPage();
const scratch = await mkdtemp(join(tmpdir(), 'sp2p-start-'));
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    interrupted.abort();
  });

try {
  const registry = await onPortOrFree(
    REGISTRY_PORT,
    (port) =>
      new Registry({
        store: new SqliteStore(join(scratch, 'registry', 'index.sqlite')),
        log,
        port,
        page,
      }),
  );
  const registryPort = registry.address.port;
  const registryUrl = `http://127.0.0.1:${registryPort}`;
  console.log(`Registry  ${registryUrl}/  (its data, for this run only: ${scratch})`);
  try {
    const sharing = await sharingPeers(new URL(registryUrl));
    try {
      const [peer] = sharing;
      for (const each of sharing)
        console.log(
          `Peer      http://127.0.0.1:${each.port}/  shares ${each.found.files} files of ${shares.join(', ')}`,
        );
      const own = await ownPeer(new URL(registryUrl));
      try {
        console.log(`Page      ${own.page.link}`);
        const name = await prove(peer, registryUrl);
        if (staysUp) {
          sayWhatNext(name, registryUrl, registryPort, peer.port, own.page.link);
          if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
          console.log('Closing…');
        }
      } finally {
        await own.page.stop();
        await own.peer.stop();
      }
    } finally {
      for (const each of sharing) await each.stop();
    }
  } finally {
    await registry.stop();
  }
} catch (error) {
  if (!(error instanceof CodedError)) throw error;
  console.error(`${printable(error.message)} [${error.code}]`);
  process.exitCode = 1;
} finally {
  await rm(scratch, { recursive: true, force: true });
}

/** Two that share the same, so that there are several sources; resolves when the registry knows them. */
async function sharingPeers(registry: URL): Promise<[Peer, Peer]> {
  const started: Peer[] = [];
  const start = async (displayName: string, port: number) => {
    const announced = Promise.withResolvers<undefined>();
    const peer = await onPortOrFree(
      port,
      (at) =>
        new Peer({
          ...{ shares, network: { url: registry }, port: at, displayName, log },
          uploadLimit: new RateLimit(SHOWN_BYTES_A_SECOND),
          onState: (state) => {
            if (state.at === 'announced') announced.resolve(undefined);
            if (state.at === 'away') announced.reject(state.error);
          },
        }),
    );
    started.push(peer);
    await announced.promise;
    return peer;
  };
  try {
    return [await start('Ann', PEER_PORT), await start('Ben', 0)];
  } catch (error) {
    for (const peer of started) await peer.stop();
    throw error;
  }
}

/** The peer of whoever looks at the page: it shares nothing but what it has downloaded. */
async function ownPeer(registry: URL): Promise<{ peer: Peer; page: ControlServer }> {
  const downloads = join(scratch, 'downloads');
  await mkdir(downloads);
  const dataFolder = join(scratch, 'peer');
  const peer = new Peer({
    ...{ shares: [downloads], downloadFolder: downloads, dataFolder },
    ...{ network: { url: registry }, port: 0, displayName: 'You', log },
  });
  await peer.start();
  const control = new ControlServer({
    ...{
      controlled: peer.controlled,
      network: { url: registry },
      folder: dataFolder,
      mayMove: true,
      log,
    },
    page:
      page &&
      ((app) => {
        pageRoutes(app, page);
      }),
  });
  try {
    await control.start();
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return { peer, page: control };
}

/** Starts what listens on a port, or on a free one where the port is taken. */
async function onPortOrFree<T extends Registry | Peer>(
  port: number,
  make: (port: number) => T,
): Promise<T> {
  const wanted = make(port);
  try {
    await wanted.start();
    return wanted;
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'port-taken') throw error;
    console.log(`Port ${port} is taken: taking a free one.`);
    const other = make(0);
    await other.start();
    return other;
  }
}

/** Searches for a shared file and downloads it, with the very commands that a person would type. */
async function prove(peer: Peer, registryUrl: string): Promise<string> {
  const sample = peer.smallestFile;
  if (!sample)
    throw new CodedError(
      'bad-share',
      `${shares.join()} holds nothing to share; name another folder.`,
    );
  const { name, path, size } = sample;
  const fetched = join(scratch, 'fetched');
  await run(['search', lastSegment(name), '--registry', registryUrl]);
  await run(['get', name, '--registry', registryUrl, '--output', fetched]);
  if (!(await readFile(fetched)).equals(await readFile(path)))
    throw new CodedError('internal', `${name} came out different.`);
  console.log(`\n✓ ${printable(name)} was found and fetched, and its ${size} bytes are equal.`);
  return name;
}

async function run(args: string[]): Promise<void> {
  const shown = args.map((arg) => (/^[\w./:@-]+$/.test(arg) ? arg : `'${printable(arg)}'`));
  console.log(`\n$ npx sp2p ${shown.join(' ')}`);
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new CodedError('internal', `sp2p ${args[0] ?? ''} ended with ${code ?? 'a signal'}.`);
}

function sayWhatNext(
  name: string,
  url: string,
  registryPort: number,
  peerPort: number,
  link: string,
): void {
  const outward = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  const flag = registryPort === REGISTRY_PORT ? '' : ` --registry ${url}`;
  const here = relative(process.cwd(), root) || '.';
  console.log(`
All stay up until Ctrl-C. In a browser, to search, to get a file from two at once, and to see its pieces come:

  ${link}

In another terminal, in ${here === '.' ? root : here}:

  npx sp2p${flag}                     search, choose and download
  npx sp2p search protocol${flag}
  npx sp2p share ~/Music${flag}
  curl http://127.0.0.1:${peerPort}/files/${encodeURI(name)}
`);
  if (outward)
    console.log(
      `On another machine of this network: --registry http://${outward.address}:${registryPort}\n`,
    );
}
