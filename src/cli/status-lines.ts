// What a peer does, as lines for a person. What strangers call their files is made printable.
import type { ControlState, Download, RegistryState, ShareState } from '../protocol/control.ts';
import { endpointText } from '../protocol/endpoints.ts';
import { printable } from '../protocol/names.ts';
import { barOf, durationText } from './progress.ts';
import { rateText } from './rates.ts';
import { bytesText, countText } from './terminal.ts';

/** Of the downloads that are done the latest are shown, of uploads the quickest. */
const MAX_DONE = 5;
const MAX_UPLOADS = 20;

/**
 * @param link where its page is
 * @param now milliseconds since 1970
 */
export function statusLines(state: ControlState, link: string, now: number): string[] {
  const { peer, shares, downloads, uploads, limits } = state;
  const { displayName, endpoint, port } = peer;
  const going = downloads.filter((each) => each.state !== 'done');
  const done = downloads
    .filter((each) => each.state === 'done')
    .sort((a, b) => (b.finishedAt ?? 0) - (a.finishedAt ?? 0));
  const quickest = [...uploads].sort((a, b) => b.rate - a.rate).slice(0, MAX_UPLOADS);
  return [
    [
      ...(displayName === null ? [] : [printable(displayName)]),
      `port ${port}`,
      ...(endpoint === null ? [] : [`reached at ${endpointText(endpoint)}`]),
      `since ${durationText((now - peer.startedAt) / 1000)}`,
    ].join(', '),
    `Page ${link}`,
    `Registry ${printable(peer.registry.url)}: ${registryText(peer.registry, now)}`,
    `Sent ${bytesText(peer.sent)}, now ${bytesText(peer.uploadRate)}/s, limit ${limitText(limits.maxUpload)}`,
    `Received ${bytesText(peer.received)}, now ${bytesText(peer.downloadRate)}/s, limit ${limitText(limits.maxDownload)}`,
    ...section('Shares', shares.map(shareText)),
    ...section('Downloads', [
      ...going.map(downloadText),
      ...done.slice(0, MAX_DONE).map(downloadText),
      ...moreText(done.length - MAX_DONE, 'that are done'),
    ]),
    ...section('Uploads', [
      ...quickest.map(
        ({ to, name, rate }) =>
          `${`${bytesText(rate)}/s`.padStart(12)}  to ${printable(to)}  ${printable(name ?? '')}`,
      ),
      ...moreText(uploads.length - MAX_UPLOADS, 'that are slower'),
    ]).map((line) => line.trimEnd()),
  ];
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function moreText(count: number, which: string): string[] {
  return count > 0 ? [`and ${count} more ${which}`] : [];
}

function limitText(limit: number | null): string {
  return rateText(limit ?? Infinity);
}

function registryText({ at, since, contract, fault }: RegistryState, now: number): string {
  const time = durationText(Math.max(0, now - since) / 1000);
  if (at === 'connecting') return 'looking for it';
  if (at === 'announced')
    return contract === 'exercise' ? 'registered, through the exercise’s contract' : 'registered';
  return `away since ${time}${fault ? `: ${printable(fault.message)}` : ''}`;
}

function shareText({ folder, files, bytes, isDownloads, indexing, fault }: ShareState): string {
  const amount = `${countText(files, 'file').padStart(14)}  ${bytesText(bytes).padStart(8)}`;
  const notes = [
    ...(isDownloads ? ['downloads go there'] : []),
    ...(indexing ? [`hashing, ${countText(indexing.filesLeft, 'file')} left`] : []),
    ...(fault ? [printable(fault.message)] : []),
  ];
  return `${amount}  ${printable(folder)}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

function downloadText(download: Download): string {
  const { name, size, have, state, rate, secondsLeft, sources, fault } = download;
  const part = state === 'done' ? 1 : size ? Math.min(1, have / size) : 0;
  const amount =
    state === 'done' || size === null
      ? bytesText(state === 'done' ? (size ?? have) : have)
      : `${bytesText(have)} of ${bytesText(size)}`;
  const how =
    state === 'running'
      ? [
          `${bytesText(rate)}/s from ${sources.length}`,
          ...(secondsLeft === null ? [] : [`${durationText(secondsLeft)} left`]),
        ]
      : [state === 'failed' && fault ? `failed: ${printable(fault.message)}` : state];
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return [`${barOf(part)} ${percent}`, printable(name), amount, ...how].join('  ');
}
