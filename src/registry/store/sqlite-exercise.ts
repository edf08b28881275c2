// Registrations of the exercise's contract in the SQLite engine. Those that change something: each within a
// transaction of the caller's.
import type { Endpoint } from '../../protocol/endpoints.ts';
import type { Contract } from '../../protocol/schemas.ts';
import { forgetPeer, offer, recount, withdraw } from './sqlite-catalogue.ts';
import { recordChange } from './sqlite-changes.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { endpointOf, IS_LIVE } from './sqlite-look-ups.ts';
import type { RecentEntries } from './sqlite-recent.ts';
import { refuseRemoved } from './sqlite-removals.ts';

/**
 * @param most names of one peer
 * @throws CodedError `too-many-names`, `removed`
 */
export function register(
  file: SqliteFile,
  recent: RecentEntries,
  { name, endpoint, now, most }: { name: string; endpoint: Endpoint; now: number; most: number },
): boolean {
  refuseRemoved(file, 'name', name);
  if (holdersAt(file, recent, name, endpoint, now).length > 0) return false;
  const { ipAddress, port } = endpoint;
  file.run(
    `INSERT INTO peers (contract, ip_address, port) VALUES ('exercise', :ipAddress, :port)
     ON CONFLICT DO NOTHING`,
    { ipAddress, port },
  );
  const peer = peerAt(file, endpoint) as ExercisePeer;
  offer(file, recent, peer.id, { name, size: null, modified: null });
  recount(file, peer.id, peer.names + 1, most);
  recordChange(file, { kind: 'catalogue', endpoint, offered: 1, withdrawn: 0, names: [name] });
  return true;
}

export function deregister(
  file: SqliteFile,
  recent: RecentEntries,
  { name, endpoint, now }: { name: string; endpoint: Endpoint; now: number },
): boolean {
  const holders = holdersAt(file, recent, name, endpoint, now);
  for (const { id, contract, names } of holders) {
    withdraw(file, recent, id, name);
    // One less than there were: no limit.
    recount(file, id, names - 1, Infinity);
    if (contract === 'native')
      file.run('UPDATE peers SET revision = revision + 1 WHERE id = :id', { id });
    else if (names === 1) file.run('DELETE FROM peers WHERE id = :id', { id });
  }
  if (holders.length === 0) return false;
  recordChange(file, { kind: 'catalogue', endpoint, offered: 0, withdrawn: 1, names: [name] });
  return true;
}

export function exerciseEndpoints(file: SqliteFile): Endpoint[] {
  return file.all(`SELECT ip_address, port FROM peers WHERE contract = 'exercise'`).map(endpointOf);
}

export function dropExerciseEndpoint(file: SqliteFile, endpoint: Endpoint): void {
  const peer = peerAt(file, endpoint);
  if (!peer) return;
  forgetPeer(file, peer.id);
  recordChange(file, { kind: 'peer', endpoint, isHere: false });
}

interface ExercisePeer {
  id: number;
  names: number;
}

function peerAt(file: SqliteFile, { ipAddress, port }: Endpoint): ExercisePeer | undefined {
  return file.one(
    `SELECT id, names FROM peers
     WHERE contract = 'exercise' AND ip_address = :ipAddress AND port = :port`,
    { ipAddress, port },
  ) as unknown as ExercisePeer | undefined;
}

/** The live peers at an endpoint that offer a name: at most one of each contract. */
function holdersAt(
  file: SqliteFile,
  recent: RecentEntries,
  name: string,
  endpoint: Endpoint,
  now: number,
) {
  const id = recent.idOf(name);
  if (id === undefined) return [];
  return file.all(
    `SELECT p.id, p.contract, p.names FROM offers o JOIN peers p ON p.id = o.peer
     WHERE o.name = :id AND p.ip_address = :ip AND p.port = :port AND ${IS_LIVE}`,
    { id, ip: endpoint.ipAddress, port: endpoint.port, now },
  ) as { id: number; contract: Contract; names: number }[];
}
