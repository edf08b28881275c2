// bench/kills: one download that is killed (SIGKILL) at random moments and run again each time, until it
// is done: are the bytes right, and how much was fetched twice?
//
//   node bench/kills/run.ts [--mib 500] [--kills 20] [--sources 2] [--folder /dev/shm]
//
// The sources are real shares; what they send is counted by a relay in front of each, which also slows
// them down, so that the kills fall into the download and not behind it.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomFillSync, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, linkSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { NativeRegistry } from '../../src/client/registry-client.ts';
import { Identity } from '../../src/lib/identity.ts';
import { pieceLengthOf } from '../../src/protocol/merkle.ts';
import type { CatalogueEntry } from '../../src/protocol/schemas.ts';

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '500' },
    kills: { type: 'string', default: '20' },
    sources: { type: 'string', default: '2' },
    folder: { type: 'string', default: '/dev/shm' },
  },
});
const size = Number(values.mib) * 1024 * 1024;
const kills = Number(values.kills);
const sources = Number(values.sources);
const command = fileURLToPath(new URL('../../bin/sp2p.js', import.meta.url));
/** All sources together take about so long for the content when nothing kills the download. */
const CONTENT_IN_MS = 30_000;
/** A process is killed so long after its start, which itself takes some of that. */
const KILLED_AFTER_MS = [300, 2_500] as const;
const DEADLINE_MS = 120_000;

const scratch = mkdtempSync(join(values.folder, 'sp2p-kills-'));
const processes: ChildProcess[] = [];
const relays: Server[] = [];
let sent = 0;

try {
  makeContent();
  const registry = await started([
    'registry',
    '--host',
    '127.0.0.1',
    '--data',
    join(scratch, 'data'),
  ]);
  const { port } = await registry.line((line) => 'port' in line);
  const url = `http://127.0.0.1:${port as number}`;
  for (let n = 0; n < sources; n++) await addSource(n, url);

  const out = join(scratch, 'out');
  const get = [command, 'get', 'content.bin', '--registry', url, '-o', out, '--json'];
  let inTime = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, get, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), randomInt(...KILLED_AFTER_MS));
    const [code] = (await once(child, 'close')) as [number | null];
    clearTimeout(timer);
    if (code === 0) throw new Error(`It was done before kill ${kill + 1}: take a larger file.`);
    if (code === null) inTime++;
  }
  // Not spawnSync: the relays are in this process.
  const { stdout } = await promisify(execFile)(process.execPath, get, { timeout: DEADLINE_MS });
  const { kept, verified } = JSON.parse(stdout) as { kept: number; verified: boolean };
  const isEqual = spawnSync('cmp', [join(scratch, 'share0', 'content.bin'), out]).status === 0;
  const bound = size + kills * sources * 2 * pieceLengthOf(size);
  console.log(
    `${values.mib} MiB from ${sources} shares, killed ${inTime} times:\n` +
      `bytes ${isEqual ? 'equal' : 'DIFFERENT'}, verified: ${verified}; kept by the last run ${mib(kept)}\n` +
      `fetched ${mib(sent)} in all, ${((100 * sent) / size - 100).toFixed(1)} % more than the size; the bound is ${mib(bound)}`,
  );
  process.exitCode = isEqual && sent <= bound && inTime === kills ? 0 : 1;
} finally {
  for (const child of processes)
    if (child.exitCode === null && child.kill()) await once(child, 'close');
  for (const relay of relays) relay.close();
  rmSync(scratch, { recursive: true, force: true });
}

function makeContent(): void {
  for (let n = 0; n < sources; n++) mkdirSync(join(scratch, `share${n}`));
  const path = join(scratch, 'share0', 'content.bin');
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(1024 * 1024);
  for (let done = 0; done < size; done += chunk.length)
    writeSync(file, randomFillSync(chunk), 0, Math.min(chunk.length, size - done));
  closeSync(file);
  for (let n = 1; n < sources; n++) linkSync(path, join(scratch, `share${n}`, 'content.bin'));
}

/** A share that nobody is told of, and a relay in front of it that is registered in its place. */
async function addSource(n: number, registry: string): Promise<void> {
  const nowhere = ['--registry', 'http://127.0.0.1:1', '--host', '127.0.0.1'];
  const cache = ['--cache', join(scratch, 'cache')];
  const share = await started(['share', join(scratch, `share${n}`), ...nowhere, ...cache]);
  const { port } = await share.line((line) => line['event'] === 'serving');
  await share.line((line) => line['event'] === 'indexed');
  const origin = `http://127.0.0.1:${port as number}`;
  const { files } = (await (await fetch(origin)).json()) as { files: CatalogueEntry[] };
  const relay = createServer({ allowHalfOpen: true }, (socket) => {
    const behind = connect({ port: port as number, host: '127.0.0.1' }).on('error', () =>
      socket.destroy(),
    );
    socket.pipe(behind).on('error', () => socket.destroy());
    behind.pipe(slowed()).pipe(socket);
    socket.on('error', () => behind.destroy()).on('close', () => behind.destroy());
  });
  relays.push(relay.listen(0, '127.0.0.1'));
  await once(relay, 'listening');
  const self = { ipAddress: '127.0.0.1', port: (relay.address() as AddressInfo).port };
  const peer = new NativeRegistry({ url: new URL(registry) }).as(Identity.fresh());
  await peer.announce(self);
  await peer.changeCatalogue({ revision: 0, offered: files, withdrawn: [] });
  setInterval(() => void peer.announce(self).catch(() => undefined), 5_000).unref();
}

/** Counts what passes, and lets no more pass in a time than this source's part of the content. */
function slowed(): Transform {
  const bytesPerMs = size / sources / CONTENT_IN_MS;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      void delay(chunk.length / bytesPerMs).then(() => {
        done(null, chunk);
      });
    },
  });
}

async function started(args: string[]) {
  const child = spawn(process.execPath, [command, ...args, '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  processes.push(child);
  await once(child, 'spawn');
  const seen: Record<string, unknown>[] = [];
  let look = () => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    seen.push(JSON.parse(line) as Record<string, unknown>);
    look();
  });
  return {
    line: (is: (line: Record<string, unknown>) => boolean) =>
      new Promise<Record<string, unknown>>((resolve) => {
        look = () => {
          const found = seen.find(is);
          if (found) resolve(found);
        };
        look();
      }),
  };
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
