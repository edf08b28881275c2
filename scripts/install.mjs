// Brings node_modules in line with package-lock.json, and does nothing when it already is.
// Runs on any Node from 20: it is what fetches the pinned one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const stamp = new URL('node_modules/.installed-lockfile', root);
const wanted = createHash('sha256')
  .update(readFileSync(new URL('package-lock.json', root)))
  .update(`${process.platform} ${process.arch}`)
  .digest('hex');

function installed() {
  try {
    return readFileSync(stamp, 'utf8') === wanted;
  } catch {
    return false;
  }
}

if (!installed()) {
  // npm would empty the folder that it leads to, which is somebody else's.
  if (lstatSync(new URL('node_modules', root), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error(
      'node_modules is a link to one of another package-lock.json: install there, or remove it.',
    );
    process.exit(1);
  }
  console.error('Installing what package-lock.json names (once; about a minute)…');
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: fileURLToPath(root),
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    // An install inside of a script must not inherit that script's own npm settings (--once, --silent…).
    env: Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !/^npm_(lifecycle|command|package)/.test(name),
      ),
    ),
  });
  if (npm.status !== 0) {
    console.error('npm ci failed; what it said stands above.');
    process.exit(npm.status ?? 1);
  }
  // So that `npx sp2p` in the clone runs the clone at once, instead of first installing it elsewhere.
  if (process.platform !== 'win32')
    symlinkSync('../../bin/sp2p.js', new URL('node_modules/.bin/sp2p', root));
  writeFileSync(stamp, wanted);
}
