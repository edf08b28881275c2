// Registrations of the exercise's contract in the PostgreSQL engine. Those that change something: each within a
// transaction of the caller's.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { changeOffers } from './postgres-catalogue.ts';
import { recordChange } from './postgres-changes.ts';
import { TryAgain } from './postgres-errors.ts';
import { endpointOf, holdersAt } from './postgres-look-ups.ts';
import { leave, lockedPeersAt, recount } from './postgres-peers.ts';
import { refuseRemoved } from './postgres-removals.ts';
import type { Sql } from './postgres-server.ts';

/**
 * @param most names of one peer
 * @throws CodedError `too-many-names`, `removed`
 */
export async function register(
  sql: Sql,
  name: string,
  endpoint: Endpoint,
  { now, most }: { now: number; most: number },
): Promise<boolean> {
  if ((await holdersAt(sql, name, endpoint, now)).length > 0) return false;
  const { ipAddress, port } = endpoint;
  await sql`
    INSERT INTO peers (contract, ip_address, port) VALUES ('exercise', ${ipAddress}, ${port})
    ON CONFLICT DO NOTHING`;
  const peer = (await lockedPeersAt(sql, endpoint)).find(isExercise);
  // Its last name was taken away at this moment, and the peer with it.
  if (!peer) throw new TryAgain('a peer has gone');
  await refuseRemoved(sql, 'name', name);
  const offered = { name, size: null, modified: null, root: null };
  if ((await changeOffers(sql, peer.id, [offered], [])) === 0) return false;
  await recount(sql, peer.id, peer.names + 1, most);
  await recordChange(sql, { kind: 'catalogue', endpoint, offered: 1, withdrawn: 0, names: [name] });
  return true;
}

export async function deregister(
  sql: Sql,
  name: string,
  endpoint: Endpoint,
  now: number,
): Promise<boolean> {
  const there = await lockedPeersAt(sql, endpoint);
  const holders = await holdersAt(sql, name, endpoint, now);
  for (const peer of there.filter(({ id }) => holders.includes(id))) {
    await changeOffers(sql, peer.id, [], [name]);
    // One less than there were: no limit.
    await recount(sql, peer.id, peer.names - 1, Infinity);
    if (!isExercise(peer))
      await sql`UPDATE peers SET revision = revision + 1 WHERE id = ${peer.id}`;
    else if (peer.names === 1) await sql`DELETE FROM peers WHERE id = ${peer.id}`;
  }
  if (holders.length === 0) return false;
  await recordChange(sql, { kind: 'catalogue', endpoint, offered: 0, withdrawn: 1, names: [name] });
  return true;
}

export async function exerciseEndpoints(sql: Sql): Promise<Endpoint[]> {
  const rows = await sql<Parameters<typeof endpointOf>[0][]>`
    SELECT ip_address, port FROM peers WHERE contract = 'exercise'`;
  return rows.map(endpointOf);
}

export async function dropExerciseEndpoint(sql: Sql, endpoint: Endpoint): Promise<void> {
  const peer = (await lockedPeersAt(sql, endpoint)).find(isExercise);
  if (!peer) return;
  await leave(sql, peer);
  await recordChange(sql, { kind: 'peer', endpoint, isHere: false });
}

function isExercise({ contract }: { contract: string }): boolean {
  return contract === 'exercise';
}
