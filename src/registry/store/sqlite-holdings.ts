// What a peer of the SQLite engine holds under no name.
import { CodedError } from '../../protocol/errors.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { blobOf } from './sqlite-look-ups.ts';

/** Within a transaction, which the errors take back. @throws CodedError `unknown-peer`, `too-many-contents` */
export function holdContent(
  file: SqliteFile,
  { peerId, root, complete }: { peerId: string; root: string; complete: boolean },
  maxContents: number,
): void {
  const peer = file.one('SELECT id FROM peers WHERE peer_id = :peerId', { peerId })?.['id'];
  if (typeof peer !== 'number') throw unknownPeer();
  file.run(
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
}

export function letContentGo(file: SqliteFile, peerId: string, root: string): void {
  file.run(
    `DELETE FROM holdings
     WHERE peer = (SELECT id FROM peers WHERE peer_id = :peerId) AND root = :root`,
    { peerId, root: blobOf(root) },
  );
}

export function unknownPeer(): CodedError {
  return new CodedError('unknown-peer', 'No peer of this id is known: announce first.');
}
