// Who is connected to a server, and who has to go when there is no room for a further connection: each
// address has its share, and who asks for nothing makes room for who does.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  socket: Socket;
  address: string;
  /** What it is being answered, at this very moment. */
  underWay: number;
}

/**
 * Rules of the room, once it is full:
 * 1. Who comes from an address with fewer connections takes the place of one of the address that has most.
 * 2. Where no address has more than it, it takes the place of one of its own, or, where it has none and everyone
 *    else has just one, of anybody's: only of those that are idle.
 * 3. Of an address the one goes that has been idle for longest; only by the first rule one that is being answered.
 */
export class Connections {
  readonly #most: number;
  readonly #mostOfAddress: number;
  readonly #byEnds = new Map<string, Connection>();
  /** Those that were asked for by a socket: with every request, so without making a text of its ends each time. */
  readonly #bySocket = new WeakMap<Socket, Connection>();
  /** Of each address, the longest idle first. */
  readonly #byAddress = new Map<string, Set<Connection>>();
  /** Addresses by how many connections they have. */
  readonly #byCount = new Map<number, Set<string>>();
  #heaviest = 0;

  /**
   * @param most connections at once
   * @param mostOfAddress of them, for one address
   */
  constructor(most: number, mostOfAddress = most) {
    this.#most = most;
    this.#mostOfAddress = mostOfAddress;
  }

  get count(): number {
    return this.#byEnds.size;
  }

  /** Whether a connection may stay. One that may not is destroyed, as is one that has to make room for it. */
  admit(socket: Socket): boolean {
    const { remoteAddress: address } = socket;
    const own = this.#byAddress.get(address ?? '')?.size ?? 0;
    const hasRoom =
      address !== undefined &&
      own < this.#mostOfAddress &&
      (this.#byEnds.size < this.#most || this.#makeRoom(address, own));
    if (!hasRoom) {
      socket.destroy();
      return false;
    }
    const connection = { socket, address, underWay: 0 };
    const ends = endsOf(socket);
    this.#byEnds.set(ends, connection);
    this.#add(connection);
    socket.once('close', () => {
      if (this.#byEnds.get(ends) === connection) this.#byEnds.delete(ends);
      this.#remove(connection);
    });
    return true;
  }

  /** Learns from an HTTP server which of them are being answered. What was upgraded is so for good. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      const connection = this.#begin(request.socket);
      // It closes once: `once` would only make a further object of it.
      if (connection)
        response.on('close', () => {
          this.#end(connection);
        });
    });
    server.prependListener('upgrade', (request: IncomingMessage) => {
      this.begin(request.socket);
    });
  }

  /** It is being answered from now on. */
  begin(socket: Socket): void {
    this.#begin(socket);
  }

  destroyAll(): void {
    for (const { socket } of this.#byEnds.values()) socket.destroy();
  }

  #begin(socket: Socket): Connection | undefined {
    const connection = this.#bySocket.get(socket) ?? this.#byEnds.get(endsOf(socket));
    if (!connection) return undefined;
    this.#bySocket.set(socket, connection);
    connection.underWay++;
    return connection;
  }

  #end(connection: Connection): void {
    if (--connection.underWay > 0) return;
    // The last in the row: it has been idle for the shortest time.
    const ofAddress = this.#byAddress.get(connection.address);
    if (ofAddress?.delete(connection)) ofAddress.add(connection);
  }

  #makeRoom(address: string, own: number): boolean {
    const [heaviest = ''] = this.#byCount.get(this.#heaviest) ?? [];
    const there = this.#byAddress.get(heaviest) ?? new Set();
    const [longest] = there;
    const hasTooMuch = this.#heaviest > own + 1;
    let leaving = hasTooMuch ? (idleOf(there) ?? longest) : undefined;
    if (!hasTooMuch)
      leaving =
        own > 0 ? idleOf(this.#byAddress.get(address) ?? []) : idleOf(this.#byEnds.values());
    if (!leaving) return false;
    this.#remove(leaving);
    this.#byEnds.delete(endsOf(leaving.socket));
    leaving.socket.destroy();
    return true;
  }

  #add(connection: Connection): void {
    const { address } = connection;
    const there = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, there.add(connection));
    this.#recount(address, there.size - 1, there.size);
  }

  #remove(connection: Connection): void {
    const { address } = connection;
    const there = this.#byAddress.get(address);
    if (!there?.delete(connection)) return;
    if (there.size === 0) this.#byAddress.delete(address);
    this.#recount(address, there.size + 1, there.size);
  }

  #recount(address: string, before: number, after: number): void {
    const left = this.#byCount.get(before);
    left?.delete(address);
    if (left?.size === 0) this.#byCount.delete(before);
    if (after > 0)
      this.#byCount.set(after, (this.#byCount.get(after) ?? new Set<string>()).add(address));
    if (after > this.#heaviest) this.#heaviest = after;
    // Who was the only one at the top is one below it now.
    else if (before === this.#heaviest && !this.#byCount.has(before)) this.#heaviest = after;
  }
}

function idleOf(connections: Iterable<Connection>): Connection | undefined {
  for (const connection of connections) if (connection.underWay === 0) return connection;
  return undefined;
}

/** The same for a connection and for what speaks TLS over it. */
function endsOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? 0}`;
}
