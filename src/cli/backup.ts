// sp2p backup: a copy of the registry's index while the registry runs.
import { Command } from 'commander';
import { stat } from 'node:fs/promises';
import { backUpSqlite } from '../registry/store/sqlite-backup.ts';
import { dataOption, indexFile } from './data-folder.ts';
import { jsonOption, option } from './options.ts';
import { bytesText, jsonText, print, say } from './terminal.ts';

interface Flags {
  data: string;
  force?: boolean;
  json?: boolean;
}

export function backupCommand(): Command {
  return new Command('backup')
    .description('copy the registry’s index, also while the registry runs')
    .argument('<file>', 'where the copy goes')
    .addOption(dataOption())
    .addOption(option('--force', 'replace a file that is there'))
    .addOption(jsonOption())
    .action(run);
}

async function run(file: string, { data, force = false, json }: Flags): Promise<void> {
  await backUpSqlite(indexFile(data), file, { replaces: force });
  const { size } = await stat(file);
  if (json) print(jsonText({ file, size }));
  else say(`${file}: ${bytesText(size)}, the index of ${data}.`);
}
