// Where the registry keeps its index, for every command that reads or writes it.
import type { Option } from 'commander';
import envPaths from 'env-paths';
import { join } from 'node:path';
import { option } from './options.ts';

export function dataOption(): Option {
  return option('--data <folder>', 'where the index is kept').default(
    join(envPaths('sp2p', { suffix: '' }).data, 'registry'),
  );
}

/** The SQLite index in a data folder. */
export function indexFile(folder: string): string {
  return join(folder, 'index.sqlite');
}
