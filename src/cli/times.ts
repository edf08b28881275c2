// Days and spans of time as people write them in flags.

const HOUR_MS = 60 * 60 * 1_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 7 * 24 * HOUR_MS,
};

/**
 * The beginning of a day (`2026-01-31`, in UTC, in which days are shown) or a time so far from now (`12h`, `7d`,
 * `4w`), in milliseconds since 1970. Undefined: the text is neither.
 *
 * @param direction 1: a span leads into the future, -1: into the past
 */
export function parseTime(text: string, now: number, direction: 1 | -1): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const span = Number(count ?? NaN) * (UNITS_MS[unit] ?? NaN);
  if (!Number.isNaN(span)) return now + direction * span;
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(day) ? undefined : day;
}
