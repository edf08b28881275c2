// Where words go: data to stdout, everything else to stderr; and how figures are put.
import { once } from 'node:events';
import { styleText } from 'node:util';
import { printableJson } from '../protocol/names.ts';

/** A line of data. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A value as JSON that is safe on a terminal too, whatever strangers put into it. */
export function jsonText(value: unknown): string {
  return printableJson(JSON.stringify(value));
}

/** Whether a progress bar is on the last line of the terminal. */
let isBarShown = false;

export function barIsShown(isShown: boolean): void {
  isBarShown = isShown;
}

const CLEAR_LINE = '\r\u001b[K';

/** A line for the person in front of it. It takes the place of a bar, which is drawn again below it. */
export function say(line: string): void {
  process.stderr.write(`${isBarShown ? CLEAR_LINE : ''}${line}\n`);
}

/** Colours a text for stderr, where stderr shows colours and NO_COLOR does not forbid them. */
export function style(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stderr });
}

/** Like `ls -h`: powers of 1024, three digits that count. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

const NUMBERS = new Intl.NumberFormat('en');

/** `1 file`, `2 files`. */
export function countText(count: number, noun: string): string {
  return `${NUMBERS.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP (the terminal was closed); a second one ends the process at once. */
export async function untilSignalled(): Promise<void> {
  await Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((each) => once(process, each)));
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
}
