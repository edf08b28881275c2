// Links of peers, and what is on its way through them: the transfers of one uplink share it alike, as
// connections do that have the same way, and a full downlink divides itself among what comes in. Whatever
// one of them cannot use, the others of the same uplink take. Time is in milliseconds.
//
// A message goes after what waits in the uplink's queue already. There is no slow start, no loss, and no
// limit in the middle of the network.
import type { Links } from '../cases.ts';

/** Of a content's bytes on an Ethernet: frames of 1,514 bytes carry 1,448 of a TCP stream. */
export const FRAMES = 1514 / 1448;
/** Every other frame is acknowledged, by the receiver's uplink: 66 bytes. */
const ACKNOWLEDGEMENTS = 66 / (2 * 1448);
/** An offer, and the head of an answer. */
const SENDER_BYTES = 500;
/** A claim, which is a request over HTTP. */
const RECEIVER_BYTES = 400;
/** What telling takes of what comes in (src/peer/download/telling.ts). */
const TELLING = 0.004;

/** From one host to another where nothing waits. */
const LATENCY_MS = 2;
/** What waits in the queue of an uplink that sends: bench/swarm/hosts.ts makes it 50 ms at most. */
const QUEUE_MS = 40;

/** Sums of rates are not exact. */
const ROUNDING = 1 + 1e-9;

export class Transfer {
  readonly from: number;
  readonly to: number;
  /** Bytes with all headers that are still to come. */
  left: number;
  rate = 0;
  /** What the receiver's downlink lets through. */
  cap = Infinity;

  constructor(from: number, to: number, left: number) {
    this.from = from;
    this.to = to;
    this.left = left;
  }
}

class Host<T extends Transfer> {
  readonly index: number;
  /** Bytes each millisecond. */
  readonly up: number;
  readonly down: number;
  readonly sending: T[] = [];
  readonly receiving: T[] = [];
  /** Until when what is left of the transfers that it sends is right. */
  asOf = 0;
  /** Counts what it was told to wait for: all but the newest are void. */
  version = 0;
  /** Bytes of its own small messages, which go with the next piece that it sends. */
  owed = 0;
  isFull = false;

  constructor({ up, down }: Links, index: number) {
    this.index = index;
    this.up = (up * 1e6) / 8 / 1000;
    this.down = (down * 1e6) / 8 / 1000;
  }
}

export class Network<T extends Transfer> {
  readonly #hosts: Host<T>[];
  readonly #wait: (until: number, host: number, version: number) => void;
  /** Bytes with all headers that have gone through the uplinks. */
  sent = 0;

  /** @param wait is to call `arrivals` at that time */
  constructor(links: Links[], wait: (until: number, host: number, version: number) => void) {
    this.#hosts = links.map((each, index) => new Host(each, index));
    this.#wait = wait;
  }

  /** How long a message from there takes now. */
  delayFrom(host: number): number {
    return LATENCY_MS + (this.#host(host).sending.length > 0 ? QUEUE_MS : 0);
  }

  /** What is left of the transfer is set to what so many bytes take. */
  start(transfer: T, bytes: number, now: number): void {
    const from = this.#host(transfer.from);
    const to = this.#host(transfer.to);
    transfer.left = bytes * FRAMES + SENDER_BYTES + from.owed;
    this.sent += transfer.left;
    from.owed = 0;
    to.owed += bytes * (ACKNOWLEDGEMENTS + TELLING) + RECEIVER_BYTES;
    this.#advance(from, now);
    from.sending.push(transfer);
    to.receiving.push(transfer);
    this.#share(from, now);
  }

  /** What has arrived through this uplink by now; nothing where the wait is void. */
  arrivals(host: number, version: number, now: number): T[] {
    const from = this.#host(host);
    if (version !== from.version) return [];
    this.#advance(from, now);
    const arrived = from.sending.filter(({ left }) => left < 0.5);
    for (const transfer of arrived) {
      const to = this.#host(transfer.to);
      from.sending.splice(from.sending.indexOf(transfer), 1);
      to.receiving.splice(to.receiving.indexOf(transfer), 1);
      if (to.isFull) this.#divide(to, from, now);
    }
    this.#share(from, now);
    return arrived;
  }

  #advance(from: Host<T>, now: number): void {
    for (const transfer of from.sending) transfer.left -= transfer.rate * (now - from.asOf);
    from.asOf = now;
  }

  /** After the number of transfers of an uplink has changed. */
  #share(from: Host<T>, now: number): void {
    for (const { to } of from.sending) this.#divide(this.#host(to), from, now);
    this.#setRates(from, now);
  }

  /** What the uplinks would send may be more than the downlink takes: then it is divided. */
  #divide(to: Host<T>, changed: Host<T>, now: number): void {
    let wanted = 0;
    for (const { from } of to.receiving) wanted += this.#shareOf(from);
    const isFull = wanted > to.down * ROUNDING;
    if (!isFull && !to.isFull) return;
    to.isFull = isFull;
    const level = isFull ? this.#levelOf(to) : Infinity;
    for (const transfer of to.receiving) {
      if (transfer.cap === level) continue;
      transfer.cap = level;
      const from = this.#host(transfer.from);
      if (from === changed) continue;
      this.#advance(from, now);
      this.#setRates(from, now);
    }
  }

  /** What each gets at most, so that all of them together fill the downlink. */
  #levelOf({ receiving, down }: Host<T>): number {
    let left = down;
    let count = receiving.length;
    const shares = receiving.map(({ from }) => this.#shareOf(from)).sort((a, b) => a - b);
    for (const share of shares) {
      if (count === 1 || share * count > left) break;
      left -= share;
      count--;
    }
    return left / count;
  }

  #shareOf(host: number): number {
    const { up, sending } = this.#host(host);
    return up / sending.length;
  }

  #setRates(from: Host<T>, now: number): void {
    let left = from.up;
    let count = from.sending.length;
    if (count === 0) return;
    for (const transfer of from.sending) transfer.rate = 0;
    // Those that are held up first; what they leave is for the others.
    for (let before = -1; before !== count;) {
      before = count;
      for (const transfer of from.sending) {
        if (transfer.rate > 0 || transfer.cap > left / count) continue;
        transfer.rate = transfer.cap;
        left -= transfer.cap;
        count--;
      }
    }
    let next = Infinity;
    for (const transfer of from.sending) {
      if (transfer.rate === 0) transfer.rate = left / count;
      next = Math.min(next, transfer.left / transfer.rate);
    }
    this.#wait(now + Math.max(0, next), from.index, ++from.version);
  }

  #host(index: number): Host<T> {
    const host = this.#hosts[index];
    if (!host) throw new Error(`There is no host ${index}.`);
    return host;
  }
}
