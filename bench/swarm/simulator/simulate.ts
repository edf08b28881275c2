// A swarm in which all is simulated but what is decided: the plans, windows and tellings of the peers are
// those of the program. One event after the other; the same options give the same result.
//
// A follower's word to the others than the sender of a piece is heard at once: an event for each would be
// most of the work. Nobody fails, cheats or leaves.
import type { Listener, Telling } from '../../../src/peer/download/telling.ts';
import type { Follower, UploadPlan } from '../../../src/peer/server/upload-plan.ts';
import type { UploadWindow } from '../../../src/peer/server/upload-window.ts';
import { PieceSet } from '../../../src/protocol/piece-set.ts';
import type { Links } from '../cases.ts';
import { EventQueue } from './event-queue.ts';
import { Network, Transfer } from './network.ts';

/** A holder looks for whom it may ask again so often (src/peer/server/link-voice.ts). */
const LOOK_EVERY_MS = 250;

const ARRIVAL = 0;
const OFFER = 1;
const CLAIM = 2;
const PASS = 3;
const WORD = 4;
const LOOK = 5;

/** What decides; others than the program's own may be tried. */
export interface Policy {
  UploadPlan: new (has: PieceSet, random: () => number) => UploadPlan;
  UploadWindow: new () => UploadWindow;
  Telling: new () => Telling;
}

export interface Options extends Policy {
  peers: (Links & { role: string })[];
  pieces: number;
  pieceBytes: number;
  /** So many links each peer opens, to holders at random, and so many it takes at most. */
  opens: number;
  takes: number;
  /** So many pieces a holder sends at once; those that are claimed besides wait. */
  sends: number;
  /** Where nothing else is left to claim, what was claimed so many milliseconds ago is claimed again. */
  againAfter: number;
  random: () => number;
  onProgress?: (seconds: number, received: number) => void;
}

export interface Result {
  /** Seconds until the last has all, and until the one in the middle has. */
  last: number;
  median: number;
  /** Pieces that came although they were there. */
  duplicates: number;
  /** Part of what the uplinks could have sent until the end that they did send. */
  used: number;
  passes: number;
  offers: number;
  /** Seconds until the last of the seeds had sent each piece, and how many it had sent twice by then. */
  seeded: number;
  repeated: number;
  events: number;
}

/** A piece from the offer until the holder knows that it has arrived. */
class Delivery extends Transfer {
  readonly link: Link;
  readonly choices: number[];
  readonly since: number;
  piece = -1;
  /** What the follower says when it has arrived. */
  word: number[] = [];

  constructor(link: Link, choices: number[], since: number) {
    super(link.holder.index, link.follower.index, 0);
    this.link = link;
    this.choices = choices;
    this.since = since;
  }
}

class Peer {
  readonly index: number;
  readonly has: PieceSet;
  /** Pieces on their way here, and when they were claimed. */
  readonly awaited: PieceSet;
  readonly claimedAt: Float64Array;
  readonly plan: UploadPlan;
  readonly window: UploadWindow;
  readonly telling: Telling;
  /** To its followers, in the order of the plan. */
  readonly links: Link[] = [];
  /** What was claimed, in that order, until it is known to have arrived; the first of it is being sent. */
  readonly underWay: Delivery[] = [];
  willLook = false;
  /** What it has sent to anyone. */
  readonly spread: PieceSet;
  sent = 0;
  doneAt: number | undefined;

  constructor(index: number, has: PieceSet, options: Options) {
    const { UploadPlan, UploadWindow, Telling, random } = options;
    this.index = index;
    this.has = has;
    this.awaited = new PieceSet(has.length);
    this.claimedAt = new Float64Array(options.againAfter < Infinity ? has.length : 0);
    this.spread = new PieceSet(has.length);
    this.plan = new UploadPlan(has, random);
    this.window = new UploadWindow();
    this.telling = new Telling();
  }
}

/** From a follower to a holder. */
class Link implements Listener {
  readonly holder: Peer;
  readonly follower: Peer;
  readonly standing: Follower;
  readonly #hear: (link: Link, pieces: number[]) => void;

  constructor(holder: Peer, follower: Peer, hear: (link: Link, pieces: number[]) => void) {
    this.holder = holder;
    this.follower = follower;
    this.standing = holder.plan.join();
    this.#hear = hear;
  }

  tell(pieces: number[]): void {
    this.#hear(this, pieces);
  }
}

export function simulate(options: Options): Result {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: Options;
  readonly #queue = new EventQueue();
  readonly #network: Network<Delivery>;
  readonly #peers: Peer[];
  /** By what events call them. */
  readonly #deliveries: (Delivery | undefined)[] = [];
  readonly #free: number[] = [];
  #now = 0;
  #unfinished = 0;
  /** Whom the piece that has just arrived came from: its word is on its way. */
  #sender: Delivery | undefined;
  #received = 0;
  #duplicates = 0;
  #offers = 0;
  #passes = 0;
  #seeded = NaN;
  #repeated = NaN;
  #events = 0;

  constructor(options: Options) {
    this.#options = options;
    const { peers, pieces } = options;
    this.#network = new Network(peers, (until, host, version) => {
      this.#queue.push(until, ARRIVAL, host, version);
    });
    this.#peers = peers.map(({ role }, index) => {
      const has = role === 'seed' ? PieceSet.full(pieces) : new PieceSet(pieces);
      return new Peer(index, has, options);
    });
    this.#connect();
  }

  run(): Result {
    const queue = this.#queue;
    for (const peer of this.#peers) if (!peer.has.isFull) this.#unfinished++;
    const leechers = this.#unfinished;
    for (const peer of this.#peers) this.#offer(peer);
    while (this.#unfinished > 0 && queue.pop()) {
      this.#now = queue.time;
      this.#events++;
      this.#handle(queue.kind, queue.subject, queue.version);
    }
    if (this.#unfinished > 0) throw new Error('Nothing happens any more, and not all have all.');
    const times = this.#peers.flatMap(({ doneAt }) => doneAt ?? []).sort((a, b) => a - b);
    const capacity = this.#options.peers.reduce((sum, { up }) => sum + up, 0) * (1e6 / 8);
    return {
      last: this.#now / 1000,
      median: (times[Math.floor(leechers / 2)] ?? NaN) / 1000,
      duplicates: this.#duplicates,
      used: this.#network.sent / (capacity * (this.#now / 1000)),
      passes: this.#passes,
      offers: this.#offers,
      seeded: this.#seeded / 1000,
      repeated: this.#repeated,
      events: this.#events,
    };
  }

  /** Who downloads opens links to some, and those who download open one back. */
  #connect(): void {
    const { opens, takes, random } = this.#options;
    const count = this.#peers.length;
    const linked = this.#peers.map(() => new Set<Peer>());
    const join = (holder: Peer, follower: Peer) => {
      const known = linked[holder.index];
      if (!known || known.size >= takes || known.has(follower) || follower.has.isFull) return;
      known.add(follower);
      const link = new Link(holder, follower, this.#hear);
      holder.links.push(link);
      follower.telling.join(link);
    };
    for (const follower of this.#peers) {
      if (follower.has.isFull) continue;
      const wanted = new Set<number>();
      const most = Math.min(opens, count - 1);
      while (wanted.size < most) {
        const index = Math.floor(random() * count);
        if (index !== follower.index) wanted.add(index);
      }
      for (const index of wanted) {
        const holder = this.#peers[index];
        if (!holder) continue;
        join(holder, follower);
        join(follower, holder);
      }
    }
  }

  #handle(kind: number, subject: number, version: number): void {
    if (kind === ARRIVAL) {
      for (const delivery of this.#network.arrivals(subject, version, this.#now))
        this.#arrive(delivery);
      return;
    }
    if (kind === LOOK) {
      const peer = this.#peers[subject];
      if (!peer) return;
      peer.willLook = false;
      this.#offer(peer);
      return;
    }
    const delivery = this.#deliveries[subject];
    if (!delivery) return;
    if (kind === OFFER) this.#answer(delivery, subject);
    else {
      this.#deliveries[subject] = undefined;
      this.#free.push(subject);
      if (kind === CLAIM) this.#send(delivery);
      else if (kind === PASS) this.#pass(delivery);
      else this.#heard(delivery.link, delivery.word);
    }
  }

  /** The holder offers as much as is to be under way. */
  #offer(holder: Peer): void {
    const { window, plan } = holder;
    while (window.hasRoom) {
      const next = plan.next(this.#now);
      const link = next && holder.links[next.follower.at];
      if (!link) {
        if (!holder.willLook && holder.has.count > 0) {
          holder.willLook = true;
          this.#queue.push(this.#now + LOOK_EVERY_MS, LOOK, holder.index);
        }
        return;
      }
      window.begin();
      this.#offers++;
      this.#post(OFFER, new Delivery(link, next.pieces, this.#now), holder);
    }
  }

  /** The follower claims what it has not got, or passes. */
  #answer(delivery: Delivery, subject: number): void {
    const { follower } = delivery.link;
    const { has, awaited, claimedAt } = follower;
    const lacking = delivery.choices.filter((each) => !has.has(each));
    const piece =
      lacking.find((each) => !awaited.has(each)) ??
      (has.count + awaited.count === has.length
        ? lacking.find((each) => this.#now - (claimedAt[each] ?? 0) > this.#options.againAfter)
        : undefined);
    if (piece !== undefined) {
      delivery.piece = piece;
      awaited.add(piece);
      if (claimedAt.length > 0) claimedAt[piece] = this.#now;
    }
    const kind = piece === undefined ? PASS : CLAIM;
    this.#queue.push(this.#now + this.#network.delayFrom(follower.index), kind, subject);
  }

  #send(delivery: Delivery): void {
    const { holder, standing } = delivery.link;
    holder.plan.claim(standing, delivery.piece);
    holder.underWay.push(delivery);
    if (holder.underWay.length <= this.#options.sends)
      this.#network.start(delivery, this.#options.pieceBytes, this.#now);
  }

  #pass({ link: { holder, standing } }: Delivery): void {
    this.#passes++;
    holder.window.drop();
    holder.plan.pass(standing, this.#now);
    this.#offer(holder);
  }

  #arrive(delivery: Delivery): void {
    const { link, piece } = delivery;
    const { follower, holder } = link;
    if (this.#options.peers[holder.index]?.role === 'seed') this.#countSeeded(holder, piece);
    follower.awaited.delete(piece);
    this.#received++;
    if (!follower.has.add(piece)) {
      this.#duplicates++;
      delivery.word = [piece];
      this.#post(WORD, delivery, follower);
      return;
    }
    this.#sender = delivery;
    follower.telling.gain(piece, this.#options.pieceBytes, link);
    this.#sender = undefined;
    follower.plan.gain(piece);
    if (follower.has.isFull) {
      follower.doneAt = this.#now;
      this.#unfinished--;
      follower.telling.flush();
    }
    if (this.#received % 100_000 === 0)
      this.#options.onProgress?.(this.#now / 1000, this.#received);
    this.#offer(follower);
  }

  #countSeeded(seed: Peer, piece: number): void {
    const { pieces } = this.#options;
    if (seed.spread.count === pieces) return;
    seed.sent++;
    seed.spread.add(piece);
    if (seed.spread.count < pieces) return;
    this.#seeded = this.#now;
    this.#repeated = seed.sent - pieces;
  }

  readonly #hear = (link: Link, pieces: number[]): void => {
    if (this.#sender?.link === link) {
      this.#sender.word = pieces;
      this.#post(WORD, this.#sender, link.follower);
    } else this.#heard(link, pieces);
  };

  #heard({ holder, standing }: Link, pieces: number[]): void {
    const { plan, underWay, window } = holder;
    for (const piece of pieces) plan.learn(standing, piece);
    const before = underWay.length;
    for (let at = before - 1; at >= 0; at--) {
      const one = underWay[at];
      if (one?.link.standing !== standing || !pieces.includes(one.piece)) continue;
      underWay.splice(at, 1);
      const next = underWay[this.#options.sends - 1];
      if (next) this.#network.start(next, this.#options.pieceBytes, this.#now);
      window.end(this.#now - one.since);
    }
    // What a follower has got besides is no reason to offer it anything.
    if (underWay.length < before) this.#offer(holder);
  }

  #post(kind: number, delivery: Delivery, from: Peer): void {
    const subject = this.#free.pop() ?? this.#deliveries.length;
    this.#deliveries[subject] = delivery;
    this.#queue.push(this.#now + this.#network.delayFrom(from.index), kind, subject);
  }
}
