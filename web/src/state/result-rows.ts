// The rows of a search's list: what was found, and under each opened name its versions. Pure.
import type { Found, Version } from '../../../src/protocol/schemas.ts';

export type Row =
  | { is: 'found'; found: Found; isOpen: boolean }
  | { is: 'version'; name: string; version: Version }
  /** Nobody told which bytes it is: it can be fetched, but not verified. */
  | { is: 'unproven'; name: string }
  | { is: 'word'; name: string; text: string };

type Opened = ReadonlyMap<string, readonly Version[] | 'asking' | { fault: string }>;

export function rowsOf(found: readonly Found[], opened: Opened): Row[] {
  return found.flatMap((each): Row[] => {
    const versions = opened.get(each.name);
    const head: Row = { is: 'found', found: each, isOpen: versions !== undefined };
    return versions === undefined ? [head] : [head, ...under(each.name, versions)];
  });
}

function under(name: string, versions: readonly Version[] | 'asking' | { fault: string }): Row[] {
  if (versions === 'asking') return [{ is: 'word', name, text: 'Asking who has it …' }];
  if ('fault' in versions) return [{ is: 'word', name, text: versions.fault }];
  if (versions.length === 0) return [{ is: 'unproven', name }];
  return versions.map((version) => ({ is: 'version', name, version }));
}

/** One key for each row, the same for as long as it means the same. */
export function keyOfRow(row: Row): string {
  if (row.is === 'found') return `f${row.found.name}`;
  if (row.is === 'version') return `v${row.version.root}${row.name}`;
  return `w${row.name}`;
}

/** What the names found so far end in, the most frequent first. */
export function typesOf(names: readonly string[], extensionOf: (name: string) => string): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const type = extensionOf(name);
    if (type !== '') counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([type]) => type);
}
