// The swarms that are measured, and the least time that any way of spreading a content needs in them.
// Pure: who plays in them, and on what, is left to the others.

/** Mbit/s (10^6) that tc is told; Infinity: no cap. */
export interface Links {
  up: number;
  down: number;
}

/** What those do who mean harm: lying-holder.ts and pest.ts tell. */
export const ATTACKS = ['garbage', 'silent', 'deaf', 'flood', 'crowd'] as const;

export interface Peer extends Links {
  role: 'seed' | 'leech' | (typeof ATTACKS)[number];
  /** Seconds after the first. */
  arrivesAfter: number;
  leavesWhenDone: boolean;
}

export interface Case {
  name: string;
  peers: Peer[];
  mib: number;
}

const DEFAULT_MIB = 64;
const LAN_MIB = 512;
/** `scale` stands for all of these. */
const SCALE = [1, 2, 4, 8, 16, 32];
const UNEQUAL_UPLINKS = [2, 5, 10, 15, 20, 30, 40, 50];
const LATE_SECONDS = 10;

const UNCAPPED: Links = { up: Infinity, down: Infinity };
const HOME: Links = { up: 20, down: 100 };

const CASES: Case[] = [
  { name: 'n8', mib: DEFAULT_MIB, peers: [seed(HOME), ...leechers(8, HOME)] },
  ...SCALE.map((n) => {
    const links = { up: 10, down: 50 };
    return { name: `scale-${n}`, mib: DEFAULT_MIB, peers: [seed(links), ...leechers(n, links)] };
  }),
  // 33 peers at 10/50 need more of two cores than there is: here the links are what holds them up.
  {
    name: 'half-rate-32',
    mib: DEFAULT_MIB,
    peers: [seed({ up: 5, down: 25 }), ...leechers(32, { up: 5, down: 25 })],
  },
  {
    name: 'unequal',
    mib: DEFAULT_MIB,
    peers: [seed(HOME), ...UNEQUAL_UPLINKS.map((up) => leecher({ up, down: 100 }))],
  },
  {
    name: 'slow-seed',
    mib: DEFAULT_MIB,
    peers: [seed({ up: 5, down: 100 }), ...leechers(8, { up: 50, down: 100 })],
  },
  {
    name: 'two-seeds',
    mib: DEFAULT_MIB,
    peers: [seed(HOME), seed(HOME), ...leechers(8, HOME)],
  },
  {
    name: 'late',
    mib: DEFAULT_MIB,
    peers: [
      seed(HOME),
      ...leechers(4, HOME),
      ...leechers(4, HOME).map((peer) => ({ ...peer, arrivesAfter: LATE_SECONDS })),
    ],
  },
  {
    name: 'leaving',
    mib: DEFAULT_MIB,
    peers: [
      seed(HOME),
      ...leechers(4, HOME),
      ...leechers(4, HOME).map((peer) => ({ ...peer, leavesWhenDone: true })),
    ],
  },
  {
    name: 'garbage',
    mib: DEFAULT_MIB,
    peers: [seed(HOME), { ...leecher(HOME), role: 'garbage' }, ...leechers(8, HOME)],
  },
  {
    name: 'attacked',
    mib: DEFAULT_MIB,
    peers: [
      seed(HOME),
      ...ATTACKS.map((role) => ({ ...leecher(HOME), role })),
      ...leechers(8, HOME),
    ],
  },
  { name: 'lan', mib: LAN_MIB, peers: [seed(UNCAPPED), ...leechers(8, UNCAPPED)] },
];

/** The cases of these names; `scale` is all that begin so, and no name at all is every case. */
export function casesNamed(names: string[]): Case[] {
  if (names.length === 0) return CASES;
  return names.flatMap((name) => {
    const found = CASES.filter((each) => each.name === name || each.name.startsWith(`${name}-`));
    if (found.length === 0)
      throw new Error(`No case ${name}: ${CASES.map((each) => each.name).join(', ')}`);
    return found;
  });
}

/** Whether it means harm. */
export function attacks({ role }: Peer): boolean {
  return (ATTACKS as readonly string[]).includes(role);
}

/** How many download in a case of `scale`; undefined for other cases. */
export function scaleOf(name: string): number | undefined {
  const [, n] = /^scale-(\d+)$/.exec(name) ?? [];
  return n === undefined ? undefined : Number(n);
}

/**
 * Seconds from the first arrival that the last completion takes at least, whoever sends what to whom:
 * the seeds have to send each bit once, each leecher has to receive all, and all that is received has to
 * be sent by someone who is there. 0 where nothing is capped.
 *
 * Kumar and Ross, Peer-Assisted File Distribution: The Minimum Distribution Time (2006), with arrivals.
 * It counts the bits of the content only: frames and headers take 4.6 % more of a link.
 */
export function boundOf(bytes: number, peers: Peer[]): number {
  const bits = bytes * 8;
  const leeching = peers.filter(({ role }) => role === 'leech');
  const seeding = peers.filter(({ role }) => role === 'seed');
  const seedUp = sum(seeding.map(({ up }) => up * 1e6));
  const received = leeching.map(({ arrivesAfter, down }) => arrivesAfter + bits / (down * 1e6));
  const sent = timeToSend(leeching.length * bits, [...seeding, ...leeching]);
  return Math.max(bits / seedUp, ...received, sent);
}

/** Seconds that clients of the seeds alone take at least. */
export function clientServerBoundOf(bytes: number, peers: Peer[]): number {
  const served = peers.map((peer) => (peer.role === 'leech' ? { ...peer, up: 0 } : peer));
  return boundOf(bytes, served);
}

/** Seconds until all of these have sent so many bits together, each from when it arrives. */
function timeToSend(bits: number, peers: Peer[]): number {
  let rate = 0;
  let sent = 0;
  let now = 0;
  for (const { up, arrivesAfter } of peers.toSorted((a, b) => a.arrivesAfter - b.arrivesAfter)) {
    const until = sent + rate * (arrivesAfter - now);
    if (until >= bits) break;
    sent = until;
    now = arrivesAfter;
    rate += up * 1e6;
    if (rate === Infinity) return now;
  }
  return now + (bits - sent) / rate;
}

function seed(links: Links): Peer {
  return { ...links, role: 'seed', arrivesAfter: 0, leavesWhenDone: false };
}

function leecher(links: Links): Peer {
  return { ...links, role: 'leech', arrivesAfter: 0, leavesWhenDone: false };
}

function leechers(count: number, links: Links): Peer[] {
  return Array.from({ length: count }, () => leecher(links));
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
