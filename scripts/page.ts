// Builds the page, web/ into dist/web, and does nothing while the one that is there is of these sources.
// Two at once both build, each for itself: the page is put in its place in one step, by whoever is first.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { glob, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILT = join(ROOT, 'dist', 'web');
const VITE = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
/** In the built page: which sources it is of. */
const STAMP = '.sources';
/** A build takes a second or two, or a minute on a machine that has other things to do. */
const BUILD_WITHIN_MS = 120_000;
/** What makes a difference to the page. */
const SOURCES = [
  'web/**/*.*',
  'src/protocol/*.ts',
  'vite.config.ts',
  'scripts/page.ts',
  'package-lock.json',
];
const TEST = /\.test\.tsx?$/;
/** What is worth compressing; pictures and fonts are already. */
const COMPRESSED = /\.(html|js|css|svg|json)$/;

/** Builds the page unless it is there; rejects with what the build said. */
export async function buildPage(): Promise<void> {
  const sources = await stampOfSources();
  if (await isBuiltOf(sources)) return;
  if (!existsSync(VITE)) throw new Error('Vite, which builds it, is not installed');
  console.error('Building the page (a few seconds, whenever its sources have changed)…');
  const made = `${BUILT}.${randomUUID()}`;
  await mkdir(made, { recursive: true });
  try {
    await runVite(made);
    await compress(made);
    await writeFile(join(made, STAMP), sources);
    await putInPlace(made, sources);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
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

async function isBuiltOf(sources: string): Promise<boolean> {
  return (await readFile(join(BUILT, STAMP), 'utf8').catch(() => undefined)) === sources;
}

async function runVite(folder: string): Promise<void> {
  const build = ['build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
  const child = spawn(process.execPath, [VITE, ...build], {
    cwd: ROOT,
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

async function putInPlace(made: string, sources: string): Promise<void> {
  if (await isBuiltOf(sources)) return;
  const former = `${made}.former`;
  await rename(BUILT, former).catch(() => undefined);
  try {
    await rename(made, BUILT);
  } catch (error) {
    // Somebody else has put theirs there meanwhile.
    if (!(await isBuiltOf(sources))) throw error;
  } finally {
    await rm(former, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
