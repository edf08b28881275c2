// The picture of `scale`: completion time against the number of downloaders, as SVG. Both axes are
// logarithmic, so that client and server, whose time grows with everyone who comes, stay in the frame.
import { scaleOf } from './cases.ts';
import type { Figures } from './measure.ts';
import { medianSeconds } from './report.ts';

const WIDTH = 800;
const HEIGHT = 460;
const FRAME = { left: 72, right: 650, top: 76, bottom: 396 };
/** Names at the ends of the lines are at least so far apart. */
const LABEL_GAP = 18;
const MINUTE = 60;
/** Seconds, and how the axis has them. */
const TICKS: [seconds: number, text: string][] = [
  [5, '5 s'],
  [10, '10 s'],
  [20, '20 s'],
  [30, '30 s'],
  [MINUTE, '1 min'],
  [2 * MINUTE, '2 min'],
  [5 * MINUTE, '5 min'],
  [10 * MINUTE, '10 min'],
  [20 * MINUTE, '20 min'],
  [30 * MINUTE, '30 min'],
  [60 * MINUTE, '1 h'],
];

interface Line {
  name: string;
  colour: string;
  dash?: string;
  width: number;
  points: { n: number; seconds: number }[];
}

/** @throws Error when nothing of `scale` was measured */
export function chartSvg(all: Figures[]): string {
  const measured = all.filter((figures) => scaleOf(figures.case) !== undefined);
  const [first] = measured;
  if (!first) throw new Error('There are no figures of scale to draw.');
  const lines = [
    lineOf(measured, 'http', 'client and server', '#c2571a', 2.5),
    lineOf(measured, 'libtorrent', 'libtorrent', '#6b7280', 2.5),
    lineOf(measured, 'sp2p', 'Simple P2P', '#1d5fd1', 3.5),
    boundLine(measured),
  ].filter(({ points }) => points.length > 0);
  const every = lines.flatMap(({ points }) => points);
  const times = every.map(({ seconds }) => seconds);
  const [from, to] = frameOf(Math.min(...times), Math.max(...times));
  const counts = [...new Set(every.map(({ n }) => n))].sort((a, b) => a - b);
  const most = Math.max(2, ...counts);
  const x = (n: number) =>
    FRAME.left + 16 + ((FRAME.right - FRAME.left - 32) * Math.log(n)) / Math.log(most);
  const y = (seconds: number) =>
    FRAME.bottom - ((FRAME.bottom - FRAME.top) * Math.log(seconds / from)) / Math.log(to / from);

  const [seed] = first.peers;
  const what = `${first.bytes / 1024 / 1024} MiB to everyone; each has ${seed?.up ?? '?'} Mbit/s up and ${seed?.down ?? '?'} Mbit/s down, the one seed too`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif" font-size="13">`,
    `<title id="title">Time until the last of 1 to ${most} downloaders has a file, by system</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff" stroke="#e5e7eb"/>`,
    text(24, 34, 'Time until the last one has the file', 'font-size="17" font-weight="600"'),
    text(24, 55, what, 'fill="#5b6472"'),
    ...TICKS.filter(([seconds]) => seconds >= from && seconds <= to).flatMap(([seconds, label]) => [
      `<path d="M${FRAME.left} ${at(y(seconds))}H${FRAME.right}" stroke="#e8eaee"/>`,
      text(FRAME.left - 10, y(seconds) + 4, label, 'text-anchor="end" fill="#5b6472"'),
    ]),
    ...counts.map((n) =>
      text(x(n), FRAME.bottom + 22, String(n), 'text-anchor="middle" fill="#5b6472"'),
    ),
    text(
      (FRAME.left + FRAME.right) / 2,
      FRAME.bottom + 46,
      'downloaders at once',
      'text-anchor="middle" fill="#5b6472"',
    ),
    ...lines.flatMap((line) => drawn(line, x, y)),
    ...labelled(lines, y).map(({ name, colour, width, at: height }) =>
      text(
        FRAME.right + 8,
        height + 4,
        name,
        `fill="${colour}"${width > 3 ? ' font-weight="600"' : ''}`,
      ),
    ),
    '</svg>\n',
  ].join('\n');
}

function lineOf(all: Figures[], system: string, name: string, colour: string, width: number): Line {
  const ofSystem = Map.groupBy(
    all.filter((figures) => figures.system === system),
    (figures) => scaleOf(figures.case) ?? NaN,
  );
  const points = [...ofSystem]
    .map(([n, runs]) => ({ n, seconds: medianSeconds(runs) }))
    .filter(({ seconds }) => Number.isFinite(seconds));
  return { name, colour, width, points: points.sort((a, b) => a.n - b.n) };
}

function boundLine(all: Figures[]): Line {
  const bounds = new Map(all.map((figures) => [scaleOf(figures.case) ?? NaN, figures.bound]));
  const points = [...bounds].map(([n, seconds]) => ({ n, seconds })).sort((a, b) => a.n - b.n);
  return { name: 'least possible', colour: '#111827', width: 1.5, dash: '2 4', points };
}

/** The least and the most time that the frame shows: ticks, and the lines between them. */
function frameOf(least: number, most: number): [from: number, to: number] {
  const seconds = TICKS.map(([tick]) => tick);
  return [
    seconds.findLast((tick) => tick <= least * 0.9) ?? least * 0.8,
    seconds.find((tick) => tick >= most) ?? most * 1.2,
  ];
}

function drawn(
  { points, colour, width, dash }: Line,
  x: (n: number) => number,
  y: (seconds: number) => number,
): string[] {
  const path = points
    .map(({ n, seconds }, k) => `${k === 0 ? 'M' : 'L'}${at(x(n))} ${at(y(seconds))}`)
    .join('');
  const stroke = `fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round" stroke-linecap="round"`;
  return [
    `<path d="${path}" ${stroke}${dash === undefined ? '' : ` stroke-dasharray="${dash}"`}/>`,
    ...(dash === undefined
      ? points.map(
          ({ n, seconds }) =>
            `<circle cx="${at(x(n))}" cy="${at(y(seconds))}" r="${width + 0.5}" fill="${colour}" stroke="#ffffff"/>`,
        )
      : []),
  ];
}

/** Where the name of each line goes: at its end, and no closer to the next than can be read. */
function labelled(lines: Line[], y: (seconds: number) => number): (Line & { at: number })[] {
  const placed = lines
    .map((line) => ({ ...line, at: y(line.points.at(-1)?.seconds ?? NaN) }))
    .sort((a, b) => b.at - a.at);
  // From the lowest one up: those above give way.
  let below = Infinity;
  for (const label of placed) {
    label.at = Math.min(label.at, below - LABEL_GAP);
    below = label.at;
  }
  return placed;
}

function text(x: number, y: number, words: string, attributes: string): string {
  const colour = attributes.includes('fill=') ? '' : ' fill="#111827"';
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}${colour}>${words}</text>`;
}

function at(pixels: number): string {
  return String(Math.round(pixels * 10) / 10);
}
