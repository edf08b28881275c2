// Builds the page, web/ into dist/web, and does nothing while the one that is there is of these sources.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { glob, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { buildOnce } from './built.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILT = join(ROOT, 'dist', 'web');
const VITE = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
/** A build takes a second or two, or a minute on a machine that has other things to do. */
const BUILD_WITHIN_MS = 120_000;
/** What makes a difference to the page. */
const SOURCES = [
  'web/**/*.*',
  'src/protocol/*.ts',
  'vite.config.ts',
  'scripts/page.ts',
  'scripts/built.ts',
  'package-lock.json',
];
const TEST = /\.test\.tsx?$/;
/** What is worth compressing; pictures and fonts are already. */
const COMPRESSED = /\.(html|js|css|svg|json)$/;

/** Builds the page unless it is there; rejects with what the build said. */
export async function buildPage(): Promise<void> {
  await buildOnce({ what: 'the page', folder: BUILT, sources: await stampOfSources(), make });
}

async function make(folder: string): Promise<void> {
  if (!existsSync(VITE)) throw new Error('Vite, which builds it, is not installed');
  await runVite(folder);
  await compress(folder);
}

async function stampOfSources(): Promise<string> {
  const paths: string[] = [];
  for await (const path of glob(SOURCES, { cwd: ROOT, exclude: (each) => TEST.test(each) }))
    paths.push(path);
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const content = await readFile(join(ROOT, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

async function runVite(folder: string): Promise<void> {
  const build = ['build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
  const child = spawn(process.execPath, [VITE, ...build], {
    cwd: ROOT,
    // Whoever builds it first, a test among them, builds what is published.
    env: { ...process.env, NODE_ENV: 'production' },
    // What it says is not for those who read our output.
    stdio: ['ignore', 2, 2],
    timeout: BUILD_WITHIN_MS,
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error('Vite could not build it; what it said stands above');
}

/** Beside each file a .gz and a .br of it, which a browser is sent instead. */
async function compress(folder: string): Promise<void> {
  const paths = await readdir(folder, { recursive: true });
  for (const path of paths.filter((each) => COMPRESSED.test(each))) {
    const content = await readFile(join(folder, path));
    await writeFile(join(folder, `${path}.gz`), await promisify(gzip)(content, { level: 9 }));
    await writeFile(join(folder, `${path}.br`), await promisify(brotliCompress)(content));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
