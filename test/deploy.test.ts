// What is in deploy/ against the command and the tools that it is for.
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startSp2p } from './harness/command.ts';
import { temporaryFolder } from './harness/temporary.ts';

const at = (name: string) => fileURLToPath(new URL(`../deploy/${name}`, import.meta.url));

test('a registry runs by the file of flags, and drains in less time than the unit gives it', async () => {
  const where = ['--port', '0', '--host', '127.0.0.1', '--data', await temporaryFolder()];
  const args = ['registry', '--config', at('registry.json'), '--json', ...where];
  const { event } = await startSp2p(args);
  expect(await event(({ port }) => port !== undefined)).toMatchObject({ address: '127.0.0.1' });
  const { drain } = JSON.parse(await readFile(at('registry.json'), 'utf8')) as { drain: number };
  const unit = await readFile(at('sp2p-registry.service'), 'utf8');
  // Beside draining: 10 s for what is answered, and some for the engine.
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(drain + 20);
});

test('systemd finds nothing wrong in the unit', async ({ skip }) => {
  if (spawnSync('systemd-analyze', ['--version']).error) {
    const why = 'NOT TESTED: the systemd unit; there is no systemd-analyze here.';
    process.stderr.write(`\n${why}\n`);
    skip(why);
  }
  // The command need not be installed where this is tested.
  const unit = (await readFile(at('sp2p-registry.service'), 'utf8')).replace(
    '/usr/local/bin/sp2p',
    '/bin/true',
  );
  const file = `${await temporaryFolder()}/sp2p-registry.service`;
  await writeFile(file, unit);
  const verified = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  expect(verified.stderr).not.toContain('sp2p-registry.service');
  expect(verified.status).toBe(0);
});
