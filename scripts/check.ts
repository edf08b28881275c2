// npm run check: format, lint, types, import directions and dead code, as many at once as there are cores,
// the longest first. What a part has to say is told when it has ended, so that they do not mix.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
/** None takes more than two minutes where it has a core for itself. */
const WITHIN_MS = 10 * 60_000;

const PARTS = [
  ['eslint', '.'],
  ['tsc', '--noEmit'],
  ['knip'],
  ['depcruise', '--config', '.dependency-cruiser.json', 'src', 'web', 'scripts', 'test'],
  ['prettier', '--check', '--log-level', 'warn', '.'],
  ['tsc', '--noEmit', '--project', 'web'],
];

const waiting = [...PARTS];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let part = waiting.shift(); part; part = waiting.shift()) await run(part);
  }),
);

async function run([program = '', ...args]: string[]): Promise<void> {
  const child = spawn('npx', ['--no-install', program, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
    timeout: WITHIN_MS,
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => said.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const text = Buffer.concat(said).toString().trim();
  if (code === 0) console.log(`✔ ${[program, ...args].join(' ')}`);
  else {
    console.log(`✖ ${[program, ...args].join(' ')}${text === '' ? '' : `\n${text}`}`);
    process.exitCode = 1;
  }
}
