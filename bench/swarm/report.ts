// What the figures of the runs mean: a run told at length, and all of them as one table.
import { ATTACKS } from './cases.ts';
import type { Figures, PeerFigures } from './measure.ts';

const NOT_THERE = '–';
const MIB = 1024 * 1024;

/** Seconds of the whole case: those measured, or, from a smaller file, in proportion. */
export function secondsOf({ seconds, bytes, measuredBytes }: Figures): number | null {
  return seconds === null ? null : (seconds * bytes) / measuredBytes;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** One run, a line for each peer. */
export function runText(figures: Figures): string {
  const { system, bytes, measuredBytes, bound, peers, run } = figures;
  const seconds = secondsOf(figures);
  const scale = bytes / measuredBytes;
  const took = seconds === null ? 'not done' : `${seconds.toFixed(1)} s`;
  const ratio =
    bound > 0 && seconds !== null
      ? `, ${(seconds / bound).toFixed(2)} × the bound of ${bound.toFixed(1)} s`
      : '';
  const smaller =
    scale === 1
      ? ''
      : ` (${scale.toFixed(2)} × what ${measuredBytes / MIB} MiB took; what follows is as measured)`;
  const lines = [
    `\n${figures.case}, ${system}, run ${run}: ${took}${ratio}${smaller}`,
    row('role', 'up', 'down', 'after s', 'seconds', 'sent MB', 'recv MB', 'waste MB', 'CPU s'),
    ...peers.map((peer) =>
      row(
        peer.role,
        peer.up?.toString() ?? NOT_THERE,
        peer.down?.toString() ?? NOT_THERE,
        String(peer.arrivesAfter),
        peer.seconds?.toFixed(2) ?? NOT_THERE,
        megabytes(peer.sent),
        megabytes(peer.received),
        isDone(peer) ? megabytes(wasteOf(peer)) : NOT_THERE,
        peer.cpu.toFixed(2),
      ),
    ),
    `CPU s: ${cpuText(figures)}; ${(figures.taken * 100).toFixed(0)} % of this machine’s cores went to others`,
  ];
  const failures = [...new Set(peers.flatMap(({ failure }) => failure ?? []))];
  return [...lines, ...failures.map((failure) => `failed: ${failure}`)].join('\n');
}

/** The figures of all runs as Markdown: medians, and ratios of those. */
export function tableText(all: Figures[]): string {
  const cases = [...new Set(all.map((figures) => figures.case))];
  const lines = [
    '| case | bound, s | sp2p, s (ratio) | libtorrent, s (ratio) | http, s (ratio) | libtorrent / sp2p | waste: sp2p, libtorrent | CPU s: sp2p, libtorrent, http |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...cases.map((name) => {
      const of = (system: string) =>
        all.filter((figures) => figures.case === name && figures.system === system);
      const [sp2p, libtorrent, http] = [of('sp2p'), of('libtorrent'), of('http')];
      const bound = all.find((figures) => figures.case === name)?.bound ?? 0;
      const ratio = medianSeconds(libtorrent) / medianSeconds(sp2p);
      const cells = [
        name,
        bound > 0 ? bound.toFixed(1) : NOT_THERE,
        ...[sp2p, libtorrent, http].map((runs) => secondsText(runs, bound)),
        Number.isFinite(ratio) ? ratio.toFixed(2) : NOT_THERE,
        [sp2p, libtorrent].map(wasteText).join(', '),
        [sp2p, libtorrent, http].map(cpuSum).join(', '),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
  const notes = [
    'Seconds: the first go to the last completion, median of the runs; ratio: to the bound, which no frame header is counted in (they take 4.6 % of a link).',
    'Waste: of all that the leechers received, as the system tells; with ~ what the interfaces counted above the file in full frames, acknowledgements and requests for others included.',
    'CPU seconds: of everyone together, from the first go to the last completion.',
    ...(all.some(({ bytes, measuredBytes }) => bytes !== measuredBytes)
      ? ['*: measured with a smaller file, and reckoned up in proportion (CPU seconds too).']
      : []),
  ];
  return `${lines.join('\n')}\n\n${notes.join('\n')}`;
}

/** Infinity where a run was not done: that is not quick. */
export function medianSeconds(runs: Figures[]): number {
  return median(runs.map((figures) => secondsOf(figures) ?? Infinity));
}

function secondsText(runs: Figures[], bound: number): string {
  if (runs.length === 0) return NOT_THERE;
  const seconds = medianSeconds(runs);
  if (seconds === Infinity) return 'not done';
  const mark = runs.some(({ bytes, measuredBytes }) => bytes !== measuredBytes) ? '*' : '';
  return `${seconds.toFixed(1)}${mark}${bound > 0 ? ` (${(seconds / bound).toFixed(2)})` : ''}`;
}

function isDone({ seconds }: PeerFigures): boolean {
  return seconds !== undefined && seconds !== null;
}

function wasteOf({ wasted, wastedAsCounted }: PeerFigures): number {
  return wasted ?? wastedAsCounted ?? NaN;
}

function wasteText(runs: Figures[]): string {
  const shares = runs.map(({ peers, measuredBytes }) => {
    const done = peers.filter(isDone);
    return done.reduce((sum, peer) => sum + wasteOf(peer), 0) / (done.length * measuredBytes);
  });
  if (shares.length === 0) return NOT_THERE;
  const isCounted = runs.some(({ peers }) => peers.some(({ wasted }) => wasted === null));
  const share = median(shares);
  if (Number.isNaN(share)) return NOT_THERE;
  return `${isCounted ? '~' : ''}${(share * 100).toFixed(1)} %`;
}

function cpuSum(runs: Figures[]): string {
  if (runs.length === 0) return NOT_THERE;
  const sums = runs.map(
    (figures) =>
      ((figures.peers.reduce((sum, { cpu }) => sum + cpu, 0) + figures.registryCpu) *
        figures.bytes) /
      figures.measuredBytes,
  );
  return median(sums).toFixed(1);
}

function cpuText({ peers, registryCpu }: Figures): string {
  const of = (role: string) =>
    peers.filter((peer) => peer.role === role).reduce((sum, { cpu }) => sum + cpu, 0);
  const attackers = ATTACKS.reduce((sum, role) => sum + of(role), 0);
  const parts = [`seeds ${of('seed').toFixed(2)}`, `leechers ${of('leech').toFixed(2)}`];
  if (attackers > 0) parts.push(`attackers ${attackers.toFixed(2)}`);
  if (registryCpu > 0) parts.push(`registry ${registryCpu.toFixed(2)}`);
  return parts.join(', ');
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined || Number.isNaN(bytes) ? NOT_THERE : (bytes / 1e6).toFixed(1);
}

function row(role: string, ...cells: string[]): string {
  return `  ${role.padEnd(8)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}
