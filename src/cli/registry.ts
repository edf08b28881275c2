// sp2p registry: runs the registry until it is told to stop.
import { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog, type LogLevel } from '../lib/log.ts';
import { DEFAULT_RATE_LIMIT } from '../registry/limits.ts';
import { DEFAULT_LEASE_SECONDS, Registry } from '../registry/registry.ts';
import { parseBase } from '../registry/routes/exercise.ts';
import { placeOf } from '../registry/store/postgres-url.ts';
import { PostgresStore } from '../registry/store/postgres.ts';
import { SqliteStore } from '../registry/store/sqlite.ts';
import type { Store } from '../registry/store/store.ts';
import { parseProxy } from '../registry/trusted-proxies.ts';
import { withConfigFile } from './config-file.ts';
import { dataOption, indexFile } from './data-folder.ts';
import {
  advertiseOption,
  jsonOption,
  logOption,
  option,
  portOption,
  wholeNumber,
} from './options.ts';
import { loadPage } from './page.ts';
import { hostInUrl, privateOptions, type PrivateFlags } from './private-registry.ts';
import { print, say, untilSignalled } from './terminal.ts';

interface Flags extends PrivateFlags {
  port: number;
  host: string;
  data: string;
  database?: string;
  advertise?: string;
  base: string[];
  anyAddress?: boolean;
  dialBack: boolean;
  lease: number;
  drain: number;
  rateLimit: number;
  trustProxy: string[];
  page: boolean;
  json?: boolean;
  logLevel: LogLevel;
}

export function registryCommand(): Command {
  const command = new Command('registry')
    .description('run the registry: the index of who has what')
    .addOption(portOption(7770))
    .addOption(option('--host <address>', 'the address to listen on').default('0.0.0.0'))
    .addOption(dataOption())
    .addOption(
      option('--database <url>', 'a PostgreSQL database instead, for several registries at once'),
    )
    .addOption(
      option('--base <path...>', 'further bases of the exercise’s contract, beside api/Registers')
        .default([], 'none')
        .argParser(listOf(parseBase)),
    )
    .addOption(advertiseOption())
    .addOption(option('--any-address', 'for labs: let anyone register any endpoint'))
    .addOption(option('--no-dial-back', 'list peers without dialling them first'))
    .addOption(
      option('--lease <seconds>', 'how long a silent peer is believed')
        .default(DEFAULT_LEASE_SECONDS)
        .argParser(wholeNumber(1, 86_400)),
    )
    .addOption(
      option('--drain <seconds>', 'how long to go on serving, not ready any more, before it stops')
        .default(0)
        .argParser(wholeNumber(0, 3_600)),
    )
    .addOption(
      option(
        '--rate-limit <requests>',
        'the most that one address may ask in a minute; 0: no limit',
      )
        .default(DEFAULT_RATE_LIMIT)
        .argParser(wholeNumber(0, 1_000_000_000)),
    )
    .addOption(
      option(
        '--trust-proxy <address...>',
        'proxies, or ranges of them, whose X-Forwarded-For counts',
      )
        .default([], 'none')
        .argParser(listOf(parseProxy)),
    )
    .addOption(
      option(
        '--private',
        'for those with a key alone, and over TLS; the index stays that for ever',
      ),
    )
    .addOption(
      option('--tls-cert <file>', 'the certificate, with those who vouch for it, in PEM').default(
        undefined,
        'one of its own, pinned in the join links',
      ),
    )
    .addOption(option('--tls-key <file>', 'the private key of the certificate, in PEM'))
    .addOption(
      option('--link-file <file>', 'where the administrator’s join link goes, instead of stdout'),
    )
    .addOption(
      option('--open-exercise', 'let anybody use the exercise’s contract of a private network'),
    )
    .addOption(option('--no-page', 'serve no page for browsers'))
    .addOption(jsonOption())
    .addOption(logOption())
    .action(run);
  return withConfigFile(command);
}

/** For a flag that is given several times, or once with commas. */
function listOf(parse: (text: string) => string) {
  return (text: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    ...text.split(',').map(parse),
  ];
}

async function run(flags: Flags): Promise<void> {
  const stopped = untilSignalled();
  const log = createLog(flags.logLevel);
  const { store, data } = indexOf(flags, (err) => {
    log.error({ err }, 'the index could not be kept up');
  });
  const page = flags.page ? await loadPage() : undefined;
  const registry: Registry = new Registry({
    private: await privateOptions(flags, flags.host, flags.advertise, () => registry.address.port),
    store,
    log,
    host: flags.host,
    port: flags.port,
    bases: flags.base,
    anyAddress: flags.anyAddress ?? false,
    dialBack: flags.dialBack,
    advertise: flags.advertise,
    leaseSeconds: flags.lease,
    rateLimit: flags.rateLimit,
    trustProxy: flags.trustProxy,
    page,
  });
  await registry.start();
  const { address, port } = registry.address;
  if (flags.json) print(JSON.stringify({ address, port, data }));
  else {
    say(`The registry serves on ${address} port ${port}; its data is in ${data}.`);
    if (page) say(`Its page: ${flags.private ? 'https' : 'http'}://${hereOf(address)}:${port}/`);
  }
  await stopped;
  registry.drain();
  await delay(flags.drain * 1000);
  await registry.stop();
}

/** How a browser on this machine reaches an address that is listened on. */
function hereOf(address: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return hostInUrl(address);
}

/** The engine of the index, and where its data is: without the password of a database. */
function indexOf(
  { data, database }: Flags,
  onError: (err: unknown) => void,
): { store: Store; data: string } {
  return database === undefined
    ? { store: new SqliteStore(indexFile(data), { onError }), data }
    : { store: new PostgresStore(database), data: placeOf(database) };
}
