// What is published: packed, installed into an empty folder, and run there.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { folderOf, temporaryFolder } from './harness/temporary.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SYSTEM_NODE = '/usr/bin/node';
/** Packing builds, and installing asks the package registry. */
const TIMEOUT_MS = 600_000;

/** As a user's shell has it, with the pinned Node in front, and nothing of the npm that runs the tests. */
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  NO_COLOR: '1',
};

async function run(command: string, args: string[], cwd: string): Promise<string> {
  return (await promisify(execFile)(command, args, { cwd, env })).stdout;
}

/** A command that stays, and the first line of its JSON that has this in it. */
async function runUntil(command: string, args: string[], has: string) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes(has))
      return { child, closed, said: JSON.parse(line) as Record<string, unknown> };
  throw new Error(`${args.join(' ')} ended without saying ${has}.`);
}

test(
  'packed and installed elsewhere, it shares, finds and gets',
  { timeout: TIMEOUT_MS },
  async () => {
    const packed = await temporaryFolder();
    await run('npm', ['pack', '--pack-destination', packed], ROOT);
    const [archive = ''] = await readdir(packed);
    expect(archive).toMatch(/^simple-p2p-.*\.tgz$/);

    const paths = (await run('tar', ['-tzf', join(packed, archive)], packed)).trim().split('\n');
    for (const path of [
      ...['package.json', 'README.md', 'LICENSE', 'bin/sp2p.js', 'dist/command/main.js'],
      'dist/command/LICENSES.txt',
      'dist/web/index.html',
    ])
      expect(paths).toContain(`package/${path}`);
    const other =
      /^package\/((package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/sp2p\.js)$|dist\/)/;
    expect(paths.filter((path) => !other.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.|(?<!\.d)\.ts$/.test(path))).toEqual([]);

    const elsewhere = await temporaryFolder();
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', [...install, '--ignore-scripts=false', join(packed, archive)], elsewhere);
    const sp2p = join(elsewhere, 'node_modules', '.bin', 'sp2p');
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(await run(sp2p, ['--version'], elsewhere)).toBe(`${version}\n`);
    // Nothing of what is only for building it came along.
    const modules = await readdir(join(elsewhere, 'node_modules'));
    expect(modules).not.toContain('typescript');
    expect(modules).not.toContain('vitest');
    expect(modules).not.toContain('preact');
    expect(modules).not.toContain('typebox');

    const here = ['--host', '127.0.0.1', '--port', '0', '--json'];
    const data = join(elsewhere, 'data');
    const registry = await runUntil(sp2p, ['registry', ...here, '--data', data], 'port');
    const url = `http://127.0.0.1:${String(registry.said['port'])}`;
    expect(await (await fetch(url)).text()).toMatch(/^<!doctype html>/i);
    const shared = await folderOf({ 'sub/a b.txt': 'hello' });
    const share = await runUntil(sp2p, ['share', shared, ...here, '--registry', url], 'announced');
    expect(await run(sp2p, ['search', 'A B', '--registry', url], elsewhere)).toContain(
      'sub/a b.txt',
    );
    await mkdir(join(elsewhere, 'got'));
    await run(sp2p, ['get', 'sub/a b.txt', '--registry', url, '-o', 'got'], elsewhere);
    expect(await readFile(join(elsewhere, 'got', 'a b.txt'), 'utf8')).toBe('hello');
    for (const { child, closed } of [share, registry]) {
      child.kill('SIGTERM');
      expect(await closed).toEqual([0, null]);
    }
  },
);

test('on a Node that is too old it says so in one line', ({ skip }) => {
  const asked = spawnSync(SYSTEM_NODE, ['--print', 'process.versions.node'], { encoding: 'utf8' });
  const version = asked.error ? 'none' : asked.stdout.trim();
  if (!(Number.parseInt(version, 10) < 24)) {
    const why = `NOT TESTED: what an old Node says; ${SYSTEM_NODE} is ${version}.`;
    process.stderr.write(`\n${why}\n`);
    skip(why);
  }
  const { status, stdout, stderr } = spawnSync(SYSTEM_NODE, [join(ROOT, 'bin/sp2p.js'), 'peers'], {
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toBe(
    `sp2p needs Node.js 24 or newer, and this is ${version} (in a clone, "npx sp2p" brings its own)\n`,
  );
});
