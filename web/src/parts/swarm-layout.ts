// Who sends to whom, as a picture with this peer in the middle: pure.
import type { Download, Upload } from '../../../src/protocol/control.ts';

export interface SwarmNode {
  endpoint: string;
  /** Bytes a second that it sends to this peer, and gets of it. */
  sends: number;
  gets: number;
  x: number;
  y: number;
}

export interface Swarm {
  nodes: SwarmNode[];
  /** Those for which there is no room. */
  more: number;
  height: number;
  /** Where this peer is, from the left: in the middle, unless all the others are on one side. */
  me: number;
  isNarrow: boolean;
}

const MAX_SIDE = 10;
const NARROW_MAX_SIDE = 6;
const ROW = 46;
/** Where there is little room a label stands below its peer, not beside it. */
const NARROW = 560;
const NARROW_ROW = 68;
const NARROW_LABEL = 58;
const LEAST_HEIGHT = 190;

export function swarmOf(
  downloads: readonly Download[],
  uploads: readonly Upload[],
  width: number,
): Swarm {
  const rates = new Map<string, { sends: number; gets: number }>();
  const of = (endpoint: string) => {
    const known = rates.get(endpoint) ?? { sends: 0, gets: 0 };
    rates.set(endpoint, known);
    return known;
  };
  for (const { state, sources } of downloads)
    if (state === 'running') for (const { endpoint, rate } of sources) of(endpoint).sends += rate;
  for (const { to, rate } of uploads) of(to).gets += rate;

  const all = [...rates].map(([endpoint, each]) => ({ endpoint, ...each }));
  // By name where rates are alike, so that nobody jumps about.
  const senders = all.filter(({ sends, gets }) => sends >= gets).sort(byName);
  const getters = all.filter(({ sends, gets }) => sends < gets).sort(byName);
  const isNarrow = width < NARROW;
  const most = isNarrow ? NARROW_MAX_SIDE : MAX_SIDE;
  const left = busiest(senders, most);
  const right = busiest(getters, most);
  const row = isNarrow ? NARROW_ROW : ROW;
  const height = Math.max(LEAST_HEIGHT, row * Math.max(left.length, right.length));
  const me = width * (right.length === 0 ? 0.68 : left.length === 0 ? 0.32 : 0.5);
  return {
    nodes: [...placed(left, width, height, me, -1), ...placed(right, width, height, me, 1)],
    me,
    isNarrow,
    more: senders.length + getters.length - left.length - right.length,
    height,
  };
}

type Rated = Pick<SwarmNode, 'endpoint' | 'sends' | 'gets'>;

function byName(a: Rated, b: Rated): number {
  return a.endpoint < b.endpoint ? -1 : 1;
}

function busiest(nodes: Rated[], most: number): Rated[] {
  if (nodes.length <= most) return nodes;
  const kept = [...nodes].sort((a, b) => b.sends + b.gets - a.sends - a.gets).slice(0, most);
  return nodes.filter((node) => kept.includes(node));
}

/** On a bow around the middle. */
function placed(
  nodes: Rated[],
  width: number,
  height: number,
  me: number,
  side: -1 | 1,
): SwarmNode[] {
  const isNarrow = width < NARROW;
  const reach = isNarrow
    ? (side < 0 ? me : width - me) - NARROW_LABEL
    : Math.min(width * 0.34, 300);
  const row = isNarrow ? NARROW_ROW : ROW;
  return nodes.map((node, index) => {
    const part = nodes.length === 1 ? 0 : (2 * index) / (nodes.length - 1) - 1;
    const bow = Math.cos(part * 0.9);
    const y = height / 2 - (isNarrow ? 14 : 0) + part * (height / 2 - row / 2);
    return { ...node, x: me + side * reach * (0.45 + 0.55 * bow), y };
  });
}

/** How wide a line is for a rate: it grows with the rate's logarithm, from 1.5 to 9 pixels. */
export function lineWidth(rate: number): number {
  if (rate <= 0) return 1;
  return Math.min(9, Math.max(1.5, 1.5 * Math.log10(rate / 1024)));
}
