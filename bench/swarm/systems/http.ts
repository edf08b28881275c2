// Client and server as they have always been: nginx on the seeds, curl at each leecher.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { attacks } from '../cases.ts';
import { HostProcess } from '../host-process.ts';
import { having, isReady, type Stage, type System } from './system.ts';

const PORT = 80;
const START_TRIES = 100;

/** curl is started at `go`, and its CPU time is that of the shell's children. */
const CLIENT = `echo ready; read -r go; curl -sS --fail --max-time "$3" -o "$2" "$1" && echo "{}"; read -r end`;
const MAX_SECONDS = 3_600;

export const http: System = {
  name: 'http',
  plays: (peers) => !peers.some(attacks),
  async prepare(stage) {
    const seeds = having(stage, 'seed');
    const serving = seeds.map(({ host }, n) => ({
      role: 'seed' as const,
      process: new HostProcess(host, 'nginx', '-c', configFile(stage, n)),
    }));
    for (const { host } of seeds) await isUp(stage, `http://${host.address}:${PORT}/`);
    const leechers = having(stage, 'leech').map(({ host }, n) => {
      const url = `http://${seeds[n % seeds.length]?.host.address ?? ''}:${PORT}/content.bin`;
      const file = join(stage.scratch, `got-${n}`);
      const args = ['-c', CLIENT, 'client', url, file, String(MAX_SECONDS)];
      return { file, process: new HostProcess(host, 'sh', ...args) };
    });
    for (const { process } of leechers) await process.line(isReady, stage.signal);
    return { serving, leechers };
  },
};

function configFile({ scratch, content }: Stage, n: number): string {
  const folder = join(scratch, `nginx-${n}`);
  mkdirSync(folder);
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/log;
events {} http { access_log off; sendfile on; server { listen ${PORT}; root ${dirname(content)}; } }`,
  );
  return config;
}

async function isUp({ aside, signal }: Stage, url: string): Promise<void> {
  const ask = ['--retry', String(START_TRIES), '--retry-delay', '1', '--retry-connrefused'];
  const out = ['-sS', '-I', '-o', '/dev/null', '-w', 'ready\n', url];
  const asking = new HostProcess(aside, 'curl', ...ask, ...out);
  await asking.line(isReady, signal);
}
