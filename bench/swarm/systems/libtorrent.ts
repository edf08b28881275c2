// libtorrent 2 as Debian packages it (apt-get install python3-libtorrent), over TCP, everyone told of
// everyone. What it does is in torrent.py.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attacks } from '../cases.ts';
import { HostProcess } from '../host-process.ts';
import { having, isReady, type System } from './system.ts';

const script = fileURLToPath(new URL('../torrent.py', import.meta.url));
/** Debian's own Python: the one that python3-libtorrent is for. */
const PYTHON = '/usr/bin/python3';
const MAKING_DEADLINE_MS = 60_000;

export const libtorrent: System = {
  name: 'libtorrent',
  plays: (peers) => !peers.some(attacks),
  async prepare(stage) {
    const torrent = join(stage.scratch, 'content.torrent');
    const made = spawnSync(PYTHON, [script, 'make', stage.content, torrent], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: MAKING_DEADLINE_MS,
    });
    if (made.status !== 0)
      throw new Error('The torrent could not be made: is python3-libtorrent there?');
    const serving = having(stage, 'seed').map(({ host }) => ({
      role: 'seed' as const,
      process: new HostProcess(
        host,
        ...[PYTHON, script, 'seed', torrent, dirname(stage.content), host.address],
      ),
    }));
    const leechers = having(stage, 'leech').map(({ host }, n) => {
      const folder = join(stage.scratch, `got-${n}`);
      mkdirSync(folder);
      const others = stage.peers
        .map((peer) => peer.host.address)
        .filter((address) => address !== host.address);
      const args = [script, 'leech', torrent, folder, host.address, ...others];
      return {
        file: join(folder, 'content.bin'),
        process: new HostProcess(host, PYTHON, ...args),
      };
    });
    for (const { process } of [...serving, ...leechers]) await process.line(isReady, stage.signal);
    return { serving, leechers };
  },
};
