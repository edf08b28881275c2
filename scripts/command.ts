// Bundles the command, src/ into dist/command, and does nothing while the one that is there is of these
// sources. What starts from a few files instead of from a thousand starts in half of the time (docs/decisions/0015).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce } from './built.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const BUILT = join(ROOT, 'dist', 'command');
/** Beside src/, what makes a difference. */
const OTHER_SOURCES = ['package-lock.json', 'scripts/command.ts', 'scripts/built.ts'];
const ENTRIES = { main: 'src/cli/main.ts' };
/** What is started by its name. */
const THREADS = {
  'hash-worker': 'src/peer/catalogue/hash-worker.ts',
  'verify-worker': 'src/peer/download/verify-worker.ts',
};
/** Reads files that lie beside its own, and is large; loaded by the few who ask for it. */
const LEFT_AS_THEY_ARE = [/^node:/, '@scalar/fastify-api-reference'];
const PACKAGE_FOLDER = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/;

/** Builds the command unless it is there; rejects with what is wrong with its sources. */
export async function buildCommand(): Promise<void> {
  const make = (folder: string) => bundle(ENTRIES, folder);
  await buildOnce({ what: 'the command', folder: BUILT, sources: stampOfSources(), make });
}

/**
 * Bundles files of this clone, and the threads that they start.
 *
 * @param entries the name of each in the folder, without its ending, and where it is
 * @param folder two below that of package.json
 */
export async function bundle(entries: Record<string, string>, folder: string): Promise<void> {
  const { rolldown } = await import('rolldown');
  await using built = await rolldown({
    cwd: ROOT,
    input: { ...entries, ...THREADS },
    platform: 'node',
    external: LEFT_AS_THEY_ARE,
    logLevel: 'warn',
  });
  const { output } = await built.write({ dir: folder, entryFileNames: '[name].js' });
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  await writeFile(join(folder, 'LICENSES.txt'), licencesOf(modules));
}

/** Under which terms the packages stand that were bundled, as their authors ask for. */
function licencesOf(modules: string[]): string {
  const folders = new Set(modules.flatMap((path) => PACKAGE_FOLDER.exec(path)?.[0] ?? []));
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(folder, 'package.json'), 'utf8'),
      ) as Record<'name' | 'version' | 'license', string>;
      const text = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
      const terms = text === undefined ? '' : readFileSync(join(folder, text), 'utf8');
      return `${name} ${version} (${license})\n\n${terms.trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** Asked at each start of the command in a clone, therefore not of what the files contain. */
function stampOfSources(): string {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => join('src', path))
    .sort();
  const hash = createHash('sha256');
  for (const path of [...sources, ...OTHER_SOURCES]) {
    const { size, mtimeMs } = statSync(join(ROOT, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildCommand();
