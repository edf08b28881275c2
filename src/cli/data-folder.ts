// Where the registry keeps its index, and a peer what it knows of itself, for every command that reads or
// writes it.
import type { Option } from 'commander';
import envPaths from 'env-paths';
import { join } from 'node:path';
import { option } from './options.ts';

export function dataOption(): Option {
  return option('--data <folder>', 'where the index is kept').default(
    join(envPaths('sp2p', { suffix: '' }).data, 'registry'),
  );
}

export function stateOption(): Option {
  return option(
    '--state <folder>',
    'where a peer keeps its downloads, its settings and the token of its page',
  ).default(join(envPaths('sp2p', { suffix: '' }).data, 'peer'));
}

/** The SQLite index in a data folder. */
export function indexFile(folder: string): string {
  return join(folder, 'index.sqlite');
}
