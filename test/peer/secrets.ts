// A share with secrets in it and around it, and the asking for them on both voices.
import { join } from 'node:path';
import type { Peer } from '../../src/peer/peer.ts';
import { folderOf } from '../harness/temporary.ts';
import { answerTo } from './raw.ts';

export const SECRET = 'nobody may have this';

/** A folder with a share in it, and secrets around the share. */
export async function shareAmongSecrets(): Promise<{ around: string; share: string }> {
  const around = await folderOf({
    'secret.txt': SECRET,
    'share-2/secret.txt': SECRET,
    'share.txt': SECRET,
    'share/a.txt': 'hello',
    'share/sub/b.txt': 'hello',
    'share/.hidden.txt': SECRET,
    'share/.hidden/secret.txt': SECRET,
    'share/sub/.hidden/deep/secret.txt': SECRET,
    'share/half.txt.sp2p-part': SECRET,
    'share/.half.txt.sp2p-state': SECRET,
    'share/half.sp2p-part/secret.txt': SECRET,
  });
  return { around, share: join(around, 'share') };
}

/** Asks for a name on both voices, exactly as it is spelt; what comes of a file is the answer. */
export async function asked(peer: Peer, spelling: string): Promise<string> {
  const line = await answerTo(peer, Buffer.from(`GET ${spelling}\n`, 'latin1'));
  const http = await answerTo(
    peer,
    Buffer.from(
      `GET /files/${spelling} HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n`,
      'latin1',
    ),
  );
  const answer = http.bytes.toString();
  const isFile = answer.startsWith('HTTP/1.1 200');
  return line.bytes.toString() + (isFile ? answer.slice(answer.indexOf('\r\n\r\n') + 4) : '');
}
