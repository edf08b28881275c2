// Attacks on where a download writes: names and links that would have it write elsewhere.
import { randomBytes } from 'node:crypto';
import { link, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, startContentSource } from '../download/content-source.ts';
import { sp2p } from '../harness/command.ts';
import { temporaryFolder } from '../harness/temporary.ts';
import { startTellingContents } from '../cli/telling-contents.ts';

const CONTENT = contentOf(randomBytes(5_000));
const { root, bytes } = CONTENT;

/** A registry that tells of this content under a name, and a source of it. */
async function told(name: string): Promise<string> {
  const { endpoint } = await startContentSource(CONTENT);
  return (
    await startTellingContents(() => [{ root, name, size: bytes.length, sources: [endpoint] }])
  ).href;
}

test.each(['photos/.bashrc', '.'])(
  'a hidden file: a registry does not choose one for a root (%s)',
  async (name) => {
    const folder = await temporaryFolder();
    const registry = await told(name);
    const { code } = await sp2p(['get', '--root', root, '--registry', registry], { cwd: folder });
    expect(await readdir(folder)).toEqual(name === '.' ? [root] : []);
    expect(code).toBe(name === '.' ? 0 : 1);
  },
);

test.each([
  ['a symlink', symlink],
  ['a hard link', link],
] as const)(
  'a link in place of the target: %s is replaced, and not written through',
  async (_what, make) => {
    const folder = await temporaryFolder();
    const [victim, target] = [join(folder, 'victim'), join(folder, 'target')];
    await writeFile(victim, 'precious');
    await make(victim, target);
    const args = ['get', '--root', root, '--registry', await told('a'), '-o', target];
    expect((await sp2p(args)).code).toBe(1);
    expect(await readFile(target, 'utf8')).toBe('precious');

    expect((await sp2p([...args, '--force'])).code).toBe(0);
    expect(await readFile(victim, 'utf8')).toBe('precious');
    expect((await readFile(target)).equals(bytes)).toBe(true);
    expect((await stat(victim)).nlink).toBe(1);
  },
);
