// sp2p registry: runs the registry until it is told to stop.
import { Command } from 'commander';
import envPaths from 'env-paths';
import { join } from 'node:path';
import { createLog, type LogLevel } from '../lib/log.ts';
import { DEFAULT_LEASE_SECONDS, Registry } from '../registry/registry.ts';
import { parseBase } from '../registry/routes/exercise.ts';
import { placeOf } from '../registry/store/postgres-url.ts';
import { PostgresStore } from '../registry/store/postgres.ts';
import { SqliteStore } from '../registry/store/sqlite.ts';
import type { Store } from '../registry/store/store.ts';
import {
  advertiseOption,
  jsonOption,
  logOption,
  option,
  portOption,
  wholeNumber,
} from './options.ts';
import { print, say, untilSignalled } from './terminal.ts';

interface Flags {
  port: number;
  host: string;
  data: string;
  database?: string;
  advertise?: string;
  base: string[];
  anyAddress?: boolean;
  dialBack: boolean;
  lease: number;
  json?: boolean;
  logLevel: LogLevel;
}

export function registryCommand(): Command {
  return new Command('registry')
    .description('run the registry: the index of who has what')
    .addOption(portOption(7770))
    .addOption(option('--host <address>', 'the address to listen on').default('0.0.0.0'))
    .addOption(
      option('--data <folder>', 'where the index is kept').default(
        join(envPaths('sp2p', { suffix: '' }).data, 'registry'),
      ),
    )
    .addOption(
      option('--database <url>', 'a PostgreSQL database instead, for several registries at once'),
    )
    .addOption(
      option('--base <path...>', 'further bases of the exercise’s contract, beside api/Registers')
        .default([], 'none')
        .argParser((text: string, before: string[] | undefined) => [
          ...(before ?? []),
          ...text.split(',').map(parseBase),
        ]),
    )
    .addOption(advertiseOption())
    .addOption(option('--any-address', 'for labs: let anyone register any endpoint'))
    .addOption(option('--no-dial-back', 'list peers without dialling them first'))
    .addOption(
      option('--lease <seconds>', 'how long a silent peer is believed')
        .default(DEFAULT_LEASE_SECONDS)
        .argParser(wholeNumber(1, 86_400)),
    )
    .addOption(jsonOption())
    .addOption(logOption())
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const stopped = untilSignalled();
  const { store, data } = indexOf(flags);
  const registry = new Registry({
    store,
    log: createLog(flags.logLevel),
    host: flags.host,
    port: flags.port,
    bases: flags.base,
    anyAddress: flags.anyAddress ?? false,
    dialBack: flags.dialBack,
    advertise: flags.advertise,
    leaseSeconds: flags.lease,
  });
  await registry.start();
  const { address, port } = registry.address;
  if (flags.json) print(JSON.stringify({ address, port, data }));
  else say(`The registry serves on ${address} port ${port}; its data is in ${data}.`);
  await stopped;
  await registry.stop();
}

/** The engine of the index, and where its data is: without the password of a database. */
function indexOf({ data, database }: Flags): { store: Store; data: string } {
  return database === undefined
    ? { store: new SqliteStore(join(data, 'index.sqlite')), data }
    : { store: new PostgresStore(database), data: placeOf(database) };
}
