// sp2p share: shares folders until it is told to stop.
import { Command } from 'commander';
import envPaths from 'env-paths';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Network } from '../client/network.ts';
import { createLog, type LogLevel } from '../lib/log.ts';
import { stateText, type AnnouncerState } from '../peer/announcer/announcer.ts';
import type { Peer } from '../peer/peer.ts';
import { MAX_CONNECTIONS } from '../peer/server/listener.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import { Limits } from './limits.ts';
import { withNetwork } from './networks.ts';
import {
  advertiseOption,
  jsonOption,
  limitsOption,
  logOption,
  maxDownloadOption,
  maxUploadOption,
  option,
  portOption,
  wholeNumber,
} from './options.ts';
import { startPage, withPage } from './peer-page.ts';
import { ProgressBar } from './progress.ts';
import { startedPeer } from './started-peer.ts';
import { bytesText, countText, jsonText, print, say, style, untilSignalled } from './terminal.ts';

interface Flags {
  network: Network;
  port: number;
  host?: string;
  advertise?: string;
  name?: string;
  downloads?: string;
  cache: string;
  maxUpload?: number;
  maxDownload?: number;
  maxConnections: number;
  openExercise?: boolean;
  limits?: string;
  json?: boolean;
  logLevel: LogLevel;
  state: string;
  page: boolean;
}

const DEFAULT_PORT = 7771;
const SHOW_EVERY_MS = 250;

export function shareCommand(): Command {
  const command = withNetwork(new Command('share'))
    .description('share folders with everyone who asks the registry')
    .argument('[folder...]', 'the folders to share')
    .addOption(portOption(DEFAULT_PORT))
    .addOption(option('--host <address>', 'the address to listen on (default: all)'))
    .addOption(advertiseOption())
    .addOption(option('--name <name>', 'what people call this peer'))
    .addOption(
      option(
        '--downloads <folder>',
        'shared as well, and made if it is not there: what is got into it is offered on',
      ),
    )
    .addOption(
      option('--cache <folder>', 'where the roots of files are remembered').default(
        envPaths('sp2p', { suffix: '' }).cache,
      ),
    )
    .addOption(maxUploadOption())
    .addOption(
      option('--max-connections <count>', 'the most connections at once; a further one is closed')
        .default(MAX_CONNECTIONS)
        .argParser(wholeNumber(1, 65_535)),
    )
    .addOption(
      option(
        '--open-exercise',
        'let anybody use the line protocol in a private network, unencrypted',
      ),
    )
    .addOption(maxDownloadOption())
    .addOption(limitsOption())
    .addOption(jsonOption())
    .addOption(logOption())
    .action(async (folders: string[], flags: Flags) => {
      await share(folders, flags, command);
    });
  return withPage(command);
}

async function share(folders: string[], flags: Flags, command: Command): Promise<void> {
  const stopped = untilSignalled();
  const isJson = flags.json ?? false;
  const { downloads } = flags;
  if (downloads !== undefined) await makeFolder(downloads);
  else if (folders.length === 0 && !flags.page)
    throw new CodedError('bad-usage', 'Name a folder to share.');
  const limits = new Limits(flags, ['maxUpload', 'maxDownload']);
  await limits.start();
  const log = createLog(flags.logLevel);
  const options = {
    shares: downloads === undefined ? folders : [...folders, downloads],
    cacheFile: join(flags.cache, 'roots.sqlite'),
    network: flags.network,
    port: flags.port,
    host: flags.host,
    advertise: flags.advertise,
    displayName: flags.name,
    maxConnections: flags.maxConnections,
    openExercise: flags.openExercise,
    uploadLimit: limits.maxUpload,
    downloadLimit: limits.maxDownload,
    dataFolder: flags.page ? flags.state : undefined,
    downloadFolder: downloads ?? join(homedir(), 'Downloads'),
    log,
    onState: stateTeller(flags.network, isJson),
  };
  const { peer, dataFolder } = await startedPeer(options, command);
  const page = await startPage(command, {
    ...{ controlled: peer.controlled, network: flags.network, folder: dataFolder, log },
  }).catch(async (error: unknown) => {
    await peer.stop();
    throw error;
  });
  const { files, bytes, unnameable } = peer.found;
  if (isJson)
    print(JSON.stringify({ event: 'serving', port: peer.port, files, bytes, unnameable }));
  else
    say(
      `Sharing ${style('bold', countText(files, 'file'))} (${bytesText(bytes)}) on port ${peer.port}; Ctrl-C ends it.`,
    );
  if (unnameable > 0 && !isJson)
    say(
      `${countText(unnameable, 'file')} left out: control characters or backslashes in the name, or too long.`,
    );
  const indexing = showIndexing(peer, isJson);
  await stopped;
  indexing.end();
  await page?.stop();
  await peer.stop();
  await limits.stop();
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (cause) {
    throw new CodedError('bad-share', `${path} cannot be made: ${String(cause)}`, { cause });
  }
}

/** Shows how far hashing is, and says when everything that was found at first is offered. */
function showIndexing(peer: Peer, isJson: boolean): { end: () => void } {
  const begun = performance.now();
  const bar = new ProgressBar();
  let isOver = false;
  const showing = setInterval(() => {
    const { files, bytes } = peer.indexing;
    if (files.left > 0)
      bar.update({
        have: bytes.done,
        size: bytes.done + bytes.left,
        note: `hashing, ${countText(files.left, 'file')} left`,
      });
  }, SHOW_EVERY_MS);
  const end = () => {
    isOver = true;
    clearInterval(showing);
    bar.end();
  };
  void peer.indexed().then(() => {
    if (isOver) return;
    end();
    const { files, bytes } = peer.indexing;
    const seconds = Math.round(performance.now() - begun) / 1000;
    if (isJson)
      print(JSON.stringify({ event: 'indexed', hashed: files.done, bytes: bytes.done, seconds }));
    else if (files.done > 0)
      say(`${countText(files.done, 'file')} hashed (${bytesText(bytes.done)}) in ${seconds} s.`);
  });
  return { end };
}

/** Says what became of the registry, once for each change and not at every renewal. */
function stateTeller(network: Network, isJson: boolean): (state: AnnouncerState) => void {
  let said = '';
  return (state) => {
    const text = isJson ? stateJson(state) : stateText(state, network);
    if (text === said) return;
    said = text;
    // What went wrong may be told in the registry's own words.
    if (isJson) print(text);
    else say(printable(text));
  };
}

function stateJson(state: AnnouncerState): string {
  return jsonText(
    state.at === 'away'
      ? { event: state.at, code: state.error.code, message: state.error.message }
      : state.at === 'announced'
        ? { event: state.at, endpoint: state.endpoint, contract: state.contract }
        : { event: state.at },
  );
}
