// Who is sent something now, each once, however much it fetches at a time.
import type { Upload } from '../../../src/protocol/control.ts';

export interface Getter {
  to: string;
  rate: number;
  bytes: number;
  uploads: Upload[];
  /** What it gets, if it is one thing. */
  only?: Upload | undefined;
}

/** The quickest first. */
export function gettersOf(all: readonly Upload[]): Getter[] {
  const getters = new Map<string, Getter>();
  for (const upload of all) {
    const to = servingAt(upload.to, all) ?? upload.to;
    const getter = getters.get(to) ?? { to, rate: 0, bytes: 0, uploads: [] };
    getter.rate += upload.rate;
    getter.bytes += upload.bytes;
    getter.uploads.push(upload);
    getter.only = isOneThing(getter.uploads) ? upload : undefined;
    getters.set(to, getter);
  }
  return [...getters.values()].sort((a, b) => b.rate - a.rate || (a.to < b.to ? -1 : 1));
}

/**
 * Who begins to download asks before it says where it serves itself: the only one at an address that has said
 * so is the one who asked from there.
 */
function servingAt(address: string, all: readonly Upload[]): string | undefined {
  const start = `${address.includes(':') ? `[${address}]` : address}:`;
  const serving = new Set(all.map(({ to }) => to).filter((to) => to.startsWith(start)));
  return serving.size === 1 ? [...serving][0] : undefined;
}

function isOneThing([first, ...more]: readonly Upload[]): boolean {
  return more.every(
    ({ root, name }) => root !== null && root === first?.root && name === first.name,
  );
}
