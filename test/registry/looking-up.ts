// The two halves of a look-up, each by itself.
import type { Source, Version } from '../../src/protocol/schemas.ts';
import type { Store } from '../../src/registry/store/store.ts';

const MANY = 1_000;

export async function sourcesOf(
  store: Store,
  name: string,
  limit: number,
  now: number,
): Promise<Source[]> {
  return (await store.lookUp(name, { versions: MANY, sources: limit }, now)).sources;
}

export async function versionsOf(
  store: Store,
  name: string,
  limit: number,
  now: number,
): Promise<Version[]> {
  return (await store.lookUp(name, { versions: limit, sources: MANY }, now)).versions;
}
