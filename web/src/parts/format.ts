// Figures and moments as people read them: powers of 1024, three digits that count, plain words for ages.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
const NUMBERS = new Intl.NumberFormat('en');
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** `0 B`, `1.50 KiB`, `12.3 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}

export function rateText(bytesPerSecond: number): string {
  return `${bytesText(bytesPerSecond)}/s`;
}

export function countText(count: number): string {
  return NUMBERS.format(count);
}

/** `1 file`, `2 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

/** How often something was fetched, or as long as that is not once, how much of it was sent. */
export function sentText(fetched: number, sent: number): string {
  if (fetched > 0) return `fetched ${counted(fetched, 'time')}`;
  return sent === 0 ? 'not fetched yet' : `${bytesText(sent)} sent`;
}

/** Seconds as people say them: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 days`. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 172_800)
    return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} days`;
}

/** How long ago a moment was: `just now`, `5 min ago`, `3 days ago`; after a month the date. */
export function ageText(moment: number, now: number): string {
  const seconds = (now - moment) / 1000;
  if (seconds < -60) return dayText(moment);
  if (seconds < 60) return 'just now';
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  if (seconds < 172_800) return 'yesterday';
  if (seconds < 30 * 86_400) return `${Math.floor(seconds / 86_400)} days ago`;
  return dayText(moment);
}

function dayText(moment: number): string {
  return DAY.format(moment);
}

/** `14:05`. */
export function clockText(moment: number): string {
  return CLOCK.format(moment);
}

export function exactText(moment: number): string {
  return EXACT.format(moment);
}

/** `0 %` to `100 %`, and never 100 before all is there. */
export function percentText(have: number, size: number): string {
  if (size === 0) return '100 %';
  return `${Math.floor((100 * Math.min(have, size)) / size)} %`;
}

/** `192.0.2.7:7771`, `[2001:db8::7]:7771`. */
export function endpointText({ ipAddress, port }: { ipAddress: string; port: number }): string {
  return `${ipAddress.includes(':') ? `[${ipAddress}]` : ipAddress}:${port}`;
}
