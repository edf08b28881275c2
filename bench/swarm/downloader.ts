// `sp2p get` at a leecher of the swarm, loaded beforehand: says "ready", and, told "go", does what the
// command does. It goes on serving for as long as `get` does, and ends with its input.
//
//   node downloader.ts REGISTRY ROOT FOLDER ADDRESS [stay]
import { once } from 'node:events';
import module from 'node:module';
import { createInterface } from 'node:readline';

const SEED_MINUTES = 60;
const WAIT_SECONDS = 60;

module.enableCompileCache();
const { get } = await import('../../src/cli/get.ts');

const [registry = '', root = '', folder = '', address = '', stays = ''] = process.argv.slice(2);
// A variable of its own, so that members which are only to come do no harm.
const flags = {
  network: { url: new URL(registry) },
  root,
  output: folder,
  wait: WAIT_SECONDS,
  json: true,
  logLevel: 'error' as const,
  advertise: address,
  ...(stays === 'stay' && { seed: SEED_MINUTES }),
};

const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit());
process.on('SIGTERM', () => process.exit());
console.log('ready');
await once(input, 'line');
try {
  await get({ root }, flags, new AbortController().signal);
} catch (error) {
  console.error(error);
  process.exit(1);
}
