// What a peer of the SQLite engine holds under no name.
import type { Endpoint } from '../../protocol/endpoints.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { blobOf, endpointOf } from './sqlite-look-ups.ts';
import { refuseRemoved } from './sqlite-removals.ts';

/**
 * Within a transaction, which the errors take back. Answers where the peer is if that changed anything.
 *
 * @throws CodedError `unknown-peer`, `too-many-contents`, `removed`
 */
export function holdContent(
  file: SqliteFile,
  { peerId, root, complete }: { peerId: string; root: string; complete: boolean },
  maxContents: number,
): Endpoint | undefined {
  const known = file.one('SELECT id, ip_address, port FROM peers WHERE peer_id = :peerId', {
    peerId,
  });
  if (!known) throw unknownPeer();
  refuseRemoved(file, 'content', root);
  const peer = known['id'] as number;
  const changed = file.run(
    `INSERT INTO holdings (peer, root, complete) VALUES (:peer, :root, :complete)
     ON CONFLICT DO UPDATE SET complete = :complete WHERE complete <> :complete`,
    { peer, root: blobOf(root), complete: complete ? 1 : 0 },
  );
  const all = file.one('SELECT count(*) AS count FROM holdings WHERE peer = :peer', { peer });
  if ((all?.['count'] as number) > maxContents)
    throw new CodedError(
      'too-many-contents',
      `One peer may hold at most ${maxContents} contents under no name.`,
    );
  return changed > 0 ? endpointOf(known) : undefined;
}

/** Answers where the peer is if it held it. */
export function letContentGo(file: SqliteFile, peerId: string, root: string): Endpoint | undefined {
  const known = file.one('SELECT id, ip_address, port FROM peers WHERE peer_id = :peerId', {
    peerId,
  });
  if (!known) return undefined;
  const held = { peer: known['id'] as number, root: blobOf(root) };
  const gone = file.run('DELETE FROM holdings WHERE peer = :peer AND root = :root', held);
  return gone > 0 ? endpointOf(known) : undefined;
}

export function unknownPeer(): CodedError {
  return new CodedError('unknown-peer', 'No peer of this id is known: announce first.');
}
