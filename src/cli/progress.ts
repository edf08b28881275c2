// How a download goes, as a bar on a terminal: bytes, rate, time left. Nothing where stderr is no terminal.
import cliProgress from 'cli-progress';
import { barIsShown, bytesText, countText } from './terminal.ts';

export interface Progress {
  /** Bytes that are done. */
  have: number;
  /** Bytes in all, where that is known. */
  size: number | undefined;
  /** What else there is to say. */
  note?: string;
  /** How much is there of each of so many stretches: 0 … 1. Undefined: it comes in order. */
  filled?: (stretches: number) => number[];
}

const DAY_SECONDS = 24 * 60 * 60;

const BAR_CELLS = 24;
const SHADES = ['·', '░', '▒', '▓', '█'];
const SOURCES_SHOWN = 3;
/** The rate is that of about the last so many milliseconds. */
const RATE_OVER_MS = 3_000;

export class ProgressBar {
  /** Whether there is a terminal to show it on. */
  static get isSeen(): boolean {
    return process.stderr.isTTY;
  }

  readonly #bar = new cliProgress.SingleBar({
    format: (_options, params, payload: { text: string; filled?: number[] }) =>
      `${payload.filled ? cellsOf(payload.filled) : barOf(params.progress)} ${payload.text}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
  });
  readonly #begun = performance.now();
  #isShown = false;
  /** Bytes and moment at the start of the span over which the rate is taken, and of the next one. */
  #from: { bytes: number; at: number } | undefined;
  #next: { bytes: number; at: number } | undefined;

  update({ have, size, note, filled }: Progress): void {
    if (!ProgressBar.isSeen) return;
    const now = performance.now();
    this.#from ??= { bytes: have, at: this.#begun };
    if (!this.#next || now - this.#next.at > RATE_OVER_MS) {
      this.#from = this.#next ?? this.#from;
      this.#next = { bytes: have, at: now };
    }
    const rate = (1000 * (have - this.#from.bytes)) / Math.max(1, now - this.#from.at);
    const payload = {
      text: [progressText(have, size, rate), ...(note === undefined ? [] : [note])].join('  '),
      filled: filled?.(BAR_CELLS),
    };
    if (!this.#isShown) this.#bar.start(size ?? 0, have, payload);
    this.#isShown = true;
    barIsShown(true);
    if (size !== undefined) this.#bar.setTotal(size);
    this.#bar.update(have, payload);
  }

  end(): void {
    if (this.#isShown) this.#bar.stop();
    this.#isShown = false;
    barIsShown(false);
  }
}

/** `12.3 MiB of 40.0 MiB  5.10 MiB/s  6 s left` */
export function progressText(have: number, size: number | undefined, rate: number): string {
  const parts = [
    size === undefined ? bytesText(have) : `${bytesText(have)} of ${bytesText(size)}`,
    `${bytesText(Math.max(0, rate))}/s`,
  ];
  if (size !== undefined && rate > 0) parts.push(`${durationText((size - have) / rate)} left`);
  return parts.join('  ');
}

/** Seconds as people say them: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < DAY_SECONDS)
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return countText(Math.floor(whole / DAY_SECONDS), 'day');
}

/** `from 3: 192.0.2.7:7771 2.10 MiB/s, 192.0.2.9:40123 1.00 MiB/s` */
export function sourcesText(sources: readonly { endpoint: string; rate: number }[]): string {
  if (sources.length === 0) return 'waiting for sources';
  const quickest = sources
    .slice(0, SOURCES_SHOWN)
    .map(({ endpoint, rate }) => `${endpoint} ${bytesText(rate)}/s`);
  const more = sources.length > quickest.length ? ', …' : '';
  return `from ${sources.length}: ${quickest.join(', ')}${more}`;
}

/** A cell for each stretch, the fuller the darker: `█▓▒░ `. */
export function cellsOf(filled: readonly number[]): string {
  return filled.map((part) => SHADES[Math.floor(part * (SHADES.length - 1))] ?? ' ').join('');
}

/** `████░░░░`: so much of the whole, 0 … 1. */
export function barOf(progress: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, progress)) * BAR_CELLS);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_CELLS - filled)}`;
}
