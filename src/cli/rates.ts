// Rates as people write them, `500K`, `1.5M`, `2MiB/s`, `16Mbit`, and sizes.
import { bytesText } from './terminal.ts';

const KIBI = 1024;
/** K, M and G are what everything here is shown in; MB and Mbit are what a line is sold in. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  ...{ k: KIBI, K: KIBI, KiB: KIBI, kB: 1000, KB: 1000, kbit: 1000 / 8, Kbit: 1000 / 8 },
  ...{ m: KIBI ** 2, M: KIBI ** 2, MiB: KIBI ** 2, MB: 1e6, Mbit: 1e6 / 8 },
  ...{ g: KIBI ** 3, G: KIBI ** 3, GiB: KIBI ** 3, GB: 1e9, Gbit: 1e9 / 8 },
};

/** What is said of a text that is no rate. */
export const RATE_FORM =
  'It is a rate in bytes a second, such as 500K, 1.5M, 2MB or 16Mbit; 0 or none is no limit.';

/** Bytes a second, at least 1; Infinity: no limit; undefined: the text is no rate. */
export function parseRate(text: string): number | undefined {
  if (text === 'none') return Infinity;
  const exact = amountIn(text.replace(/\/s$/, ''));
  if (exact === undefined) return undefined;
  const rate = Math.round(exact);
  if (rate > 0) return rate;
  // What is less than a byte a second is a slip, not a wish for no limit.
  return exact === 0 ? Infinity : undefined;
}

/** Whole bytes, as people write the size of a file: `500K`, `1.5GB`; undefined: the text is none. */
export function parseBytes(text: string): number | undefined {
  const exact = text.endsWith('bit') ? undefined : amountIn(text);
  return exact !== undefined && exact <= Number.MAX_SAFE_INTEGER ? Math.round(exact) : undefined;
}

function amountIn(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15}(?:\.\d{1,15})?) ?([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === undefined || !Object.hasOwn(UNITS, unit)) return undefined;
  return Number(digits) * (UNITS[unit] ?? NaN);
}

export function rateText(bytesPerSecond: number): string {
  return bytesPerSecond === Infinity ? 'none' : `${bytesText(bytesPerSecond)}/s`;
}
