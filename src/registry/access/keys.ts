// Keys of a private network: how one is made, and whether the one that is shown holds. The index is asked each
// time, so that a revoked key is refused from that moment on, whichever registry revoked it.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Key, NewKey } from '../../protocol/access.ts';
import { CodedError } from '../../protocol/errors.ts';
import { isKey } from '../../protocol/join-link.ts';
import type { AccessStore, KeptKey } from '../store/access-store.ts';

const ID_BYTES = 8;
const KEY_BYTES = 32;
const NO_DIGEST = Buffer.alloc(32);

/** A new key, and its text: the only time that it is known here. */
export function newKey({ name, role, expires = null }: NewKey, now: number): [KeptKey, string] {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `sp2p_${id}_${randomBytes(KEY_BYTES).toString('base64url')}`;
  return [{ id, name, role, created: now, expires, digest: hash('sha256', text, 'buffer') }, text];
}

/** Those who ask while the index is being asked; they are asked for together. */
interface Batch {
  ids: Set<string>;
  found: Promise<Map<string, KeptKey>>;
}

export class Keys {
  readonly #store: Pick<AccessStore, 'keysOf'>;
  #next: Batch | undefined;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(store: Pick<AccessStore, 'keysOf'>) {
    this.#store = store;
  }

  /** The key of a text that somebody shows. @throws CodedError `bad-key` */
  async shown(text: string, now: number): Promise<Key> {
    if (!isKey(text)) throw badKey();
    const [, id = ''] = text.split('_');
    const key = await this.#find(id);
    // As long for a key that is not known as for one with another secret.
    const isRight = timingSafeEqual(hash('sha256', text, 'buffer'), key?.digest ?? NO_DIGEST);
    if (!key || !isRight || hasEnded(key, now)) throw badKey();
    return key;
  }

  /** The key of an id that this registry gave itself. @throws CodedError `bad-key` */
  async ofId(id: string, now: number): Promise<Key> {
    const key = await this.#find(id);
    if (!key || hasEnded(key, now)) throw badKey();
    return key;
  }

  /** Asks the index after this call has come; one question at a time is under way. */
  async #find(id: string): Promise<KeptKey | undefined> {
    const batch = (this.#next ??= this.#batch());
    batch.ids.add(id);
    return (await batch.found).get(id);
  }

  #batch(): Batch {
    const ids = new Set<string>();
    const found = this.#underWay.then(async () => {
      this.#next = undefined;
      const keys = await this.#store.keysOf([...ids]);
      return new Map(keys.map((key) => [key.id, key]));
    });
    this.#underWay = found.catch(() => undefined);
    return { ids, found };
  }
}

function hasEnded({ expires }: Key, now: number): boolean {
  return expires !== null && expires <= now;
}

function badKey(): CodedError {
  return new CodedError(
    'bad-key',
    'This key is not known here, was revoked, or has expired: ask an administrator of the network.',
  );
}
