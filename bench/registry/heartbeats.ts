// Ten thousand peers that renew their leases, each over a connection and from an address of its own, at
// the pace that the lease asks for: what that costs the registry while nothing else happens.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { LEASE_HEADER, PROOF_HEADER } from '../../src/lib/peer-proof.ts';
import { addressOf } from './catalogues.ts';
import { peerIdOf, proofOf } from './identities.ts';
import { cpuOf, inPeace, memoryOf, type Memory, type Watched } from './machine.ts';
import { announcementOf } from './registration.ts';
import type { RegistryProcess } from './registry-process.ts';

export const HEARTBEATING = 10_000;
/** The lease of `sp2p registry` as it comes, and how often a peer renews within it. */
const LEASE_MS = 25_000;
const PERIOD_MS = LEASE_MS / 2;
/** All are known, and a whole period has passed since, before it counts. */
const WARM_UP_PERIODS = 6;
const REPETITIONS = 2;
/** How often it is looked who is due. */
const TICK_MS = 10;
/** Handles that a process needs besides the connections. */
const SPARE_HANDLES = 500;

export interface Heartbeats {
  peers: number;
  /** Renewals that were answered, and that were due, in so many seconds. */
  renewals: number;
  expected: number;
  /** Not asked for: the answer to the one before had not come within a period. */
  late: number;
  seconds: number;
  /** Of one core, 0 … 1. */
  busy: number;
  /** Milliseconds until the answer. */
  median: number;
  p99: number;
  memory: Memory;
}

/** Begins with a registry that does not run, and leaves it so. @throws Error when a renewal is refused, or a connection lost */
export async function measureHeartbeats(
  registry: RegistryProcess,
  peerPort: number,
  seconds: number,
): Promise<Watched<Heartbeats>> {
  await registry.start('heartbeats', 'default');
  const hearts = new Hearts(registry.port, peerPort);
  try {
    hearts.start();
    await delay(WARM_UP_PERIODS * PERIOD_MS);
    return await inPeace(
      `${registry.index}, heartbeats`,
      registry.pid,
      async () => {
        hearts.reset();
        const before = cpuOf(registry.pid);
        const begun = performance.now();
        await delay(seconds * 1000);
        const passed = (performance.now() - begun) / 1000;
        const cpu = cpuOf(registry.pid) - before;
        const times = hearts.times.toSorted((a, b) => a - b);
        hearts.complain();
        const expected = (HEARTBEATING * passed * 1000) / PERIOD_MS;
        return {
          ...{
            peers: HEARTBEATING,
            renewals: times.length,
            expected,
            late: hearts.late,
            seconds: passed,
          },
          busy: cpu / passed,
          median: times[Math.floor(times.length / 2)] ?? NaN,
          p99: times[Math.floor(times.length * 0.99)] ?? NaN,
          memory: memoryOf(registry.pid),
        };
      },
      REPETITIONS,
    );
  } finally {
    hearts.stop();
    await registry.stop();
  }
}

interface Heart {
  request: Buffer;
  socket: Socket | undefined;
  due: number;
  sent: number | undefined;
  /** Whether its requests carry the token that a proof was worth. */
  isProven: boolean;
}

const TOKEN = new RegExp(`^${LEASE_HEADER}: (\\S+)`, 'im');

/** Nothing but sockets: the load is to be small beside what it measures. */
class Hearts {
  readonly #port: number;
  readonly #peerPort: number;
  readonly #hearts: Heart[];
  #ticking: NodeJS.Timeout | undefined;
  #next = 0;
  #failure: string | undefined;
  times: number[] = [];
  /** Renewals that were due while the one before had no answer. */
  late = 0;

  constructor(port: number, peerPort: number) {
    const handles = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (Number(handles) < HEARTBEATING + SPARE_HANDLES)
      throw new Error(`${HEARTBEATING} connections need a higher limit: ulimit -n 20000`);
    this.#port = port;
    this.#peerPort = peerPort;
    const begun = performance.now();
    // Spread evenly, in order: whose turn it is is a place in a ring.
    this.#hearts = Array.from({ length: HEARTBEATING }, (_, peer) => ({
      request: requestOf(peer, port, peerPort),
      socket: undefined,
      due: begun + (PERIOD_MS * peer) / HEARTBEATING,
      sent: undefined,
      isProven: false,
    }));
  }

  start(): void {
    this.#ticking = setInterval(() => {
      this.#beat();
    }, TICK_MS);
  }

  stop(): void {
    clearInterval(this.#ticking);
    for (const { socket } of this.#hearts) socket?.destroy();
  }

  /** What was before does not count: not the times, nor that a registry needed longer to get to know all. */
  reset(): void {
    this.times = [];
    this.late = 0;
    this.#failure = undefined;
  }

  /** @throws Error when something went wrong with any of them */
  complain(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  #beat(): void {
    const now = performance.now();
    for (;;) {
      const peer = this.#next;
      const heart = this.#hearts[peer];
      if (!heart || heart.due > now) return;
      this.#next = (peer + 1) % HEARTBEATING;
      heart.due += PERIOD_MS;
      // As a real peer, it does not ask again while it waits.
      if (heart.sent !== undefined) {
        this.late++;
        continue;
      }
      heart.sent = now;
      heart.socket ??= this.#connected(peer, heart);
      heart.socket.write(heart.request);
    }
  }

  /** What the registry wants before the first renewal of each. */
  #prove(peer: number, heart: Heart, answer: string): void {
    const [, nonce = ''] = /"nonce":"([^"]+)"/.exec(answer) ?? [];
    const body = announcementOf(peer, this.#peerPort);
    void proofOf(peer, nonce, 'PUT', `/api/v1/peers/${peerIdOf(peer)}`, body).then((proof) => {
      const header = `${PROOF_HEADER}: ${proof}`;
      heart.socket?.write(requestOf(peer, this.#port, this.#peerPort, header));
    });
  }

  #connected(peer: number, heart: Heart): Socket {
    const socket = connect({
      ...{ host: '127.0.0.1', port: this.#port, localAddress: addressOf(peer), noDelay: true },
    });
    socket.on('data', (bytes: Buffer) => {
      // An answer is less than a packet, so it comes in one piece.
      const status = bytes.toString('latin1', 9, 12);
      if (status === '401') {
        this.#prove(peer, heart, bytes.toString());
        return;
      }
      if (status !== '200') this.#failure ??= `Peer ${peer} was answered: ${bytes.toString()}`;
      if (!heart.isProven) {
        const [, token = ''] = TOKEN.exec(bytes.toString()) ?? [];
        heart.request = requestOf(peer, this.#port, this.#peerPort, `${LEASE_HEADER}: ${token}`);
        heart.isProven = true;
      }
      if (heart.sent !== undefined) this.times.push(performance.now() - heart.sent);
      heart.sent = undefined;
    });
    const gone = (error?: Error) => {
      if (heart.socket === socket) {
        heart.socket = undefined;
        heart.sent = undefined;
      }
      if (error) this.#failure ??= `Peer ${peer}: ${error.message}`;
    };
    socket.on('error', gone);
    socket.on('end', () => {
      gone(new Error('the registry closed the connection'));
    });
    return socket;
  }
}

function requestOf(peer: number, port: number, peerPort: number, header?: string): Buffer {
  const body = announcementOf(peer, peerPort);
  return Buffer.from(
    `PUT /api/v1/peers/${peerIdOf(peer)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
      (header === undefined ? '' : `${header}\r\n`) +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
