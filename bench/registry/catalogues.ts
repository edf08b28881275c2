// Who offers which names: a thousand peers, some with much and most with little, and one name in ten
// with several of them, now and then as another content. The same for the same seed.
import { namesFrom } from './names.ts';
import { drawnBy, hexDigits, randomFrom, type Random } from './random.ts';

export const PEERS = 1_000;
export const SEED = 5;
/** Of names this share is offered by several peers. */
const SHARED = 0.1;
const MOST_HOLDERS = 6;
/** Of the further holders of a name this share has another content under it. */
const DIFFERING = 0.2;
/** As many as `sp2p share` tells in one call. */
const MAX_CHANGE_ENTRIES = 1_000;

export interface Catalogues {
  names: string[];
  /** For each name, how many peers offer it. */
  holders: Uint8Array;
  /** How often any name is offered by any peer. */
  offers: number;
  /** Of each peer the bodies of its changes, in order. */
  changes: Buffer[][];
}

export function cataloguesOf(count: number): Catalogues {
  const names = namesFrom(SEED, count);
  const random = randomFrom(SEED + 1);
  const weights = Array.from({ length: PEERS }, (_, n) => 1 / (n + 20));
  const peer = drawnBy(weights, random);
  const entries: string[][] = Array.from({ length: PEERS }, () => []);
  const holders = new Uint8Array(count);
  let offers = 0;
  // A folder is with one peer, as it is made up: names come folder by folder.
  let [folder, owner] = ['', peer()];
  names.forEach((name, n) => {
    const content = contentFrom(random);
    const within = name.slice(0, name.lastIndexOf('/') + 1);
    if (within === '' || within !== folder) [folder, owner] = [within, peer()];
    const chosen = new Set([owner]);
    if (random.next() < SHARED) {
      const wanted = 2 + random.below(MOST_HOLDERS - 1);
      while (chosen.size < wanted) chosen.add(peer());
    }
    let isFirst = true;
    for (const each of chosen) {
      const told = isFirst || random.next() >= DIFFERING ? content : contentFrom(random);
      entries[each]?.push(`{"name":${JSON.stringify(name)},${told}}`);
      isFirst = false;
    }
    holders[n] = chosen.size;
    offers += chosen.size;
  });
  return { names, holders, offers, changes: entries.map(changesOf) };
}

/** Where it is: an address of loopback for each, all on one port. */
export function addressOf(peer: number): string {
  return `127.1.${Math.floor(peer / 250) + 1}.${(peer % 250) + 1}`;
}

/** The rest of an entry: a size as files have them, most of them small, a time, a root. */
function contentFrom(random: Random): string {
  const size = Math.floor(2 ** (8 + 24 * random.next()));
  const modified = 1_200_000_000_000 + random.below(590_000_000) * 1_000;
  return `"size":${size},"modified":${modified},"root":"${hexDigits(64, random)}"`;
}

function changesOf(entries: string[]): Buffer[] {
  const changes: Buffer[] = [];
  for (let from = 0; from < entries.length; from += MAX_CHANGE_ENTRIES) {
    const offered = entries.slice(from, from + MAX_CHANGE_ENTRIES).join(',');
    const revision = changes.length;
    changes.push(Buffer.from(`{"revision":${revision},"offered":[${offered}],"withdrawn":[]}`));
  }
  return changes;
}
