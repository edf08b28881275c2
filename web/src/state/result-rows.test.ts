// What the list of a search shows.
import { expect, test } from 'vitest';
import type { Found, Version } from '../../../src/protocol/schemas.ts';
import { extensionOf } from '../parts/names.ts';
import { keyOfRow, rowsOf, typesOf } from './result-rows.ts';

const found = (name: string, versions: number): Found => ({
  ...{ name, versions, size: 1, modified: 0, holders: 1, root: null },
});
const version = (letter: string): Version => ({
  ...{ root: letter.repeat(64), size: 1, modified: 0, holders: 1 },
});

test('versions stand under the name that was opened', () => {
  const opened = new Map([['b', [version('1'), version('2')]]]);
  const rows = rowsOf([found('a', 1), found('b', 2), found('c', 1)], opened);
  expect(rows.map(({ is }) => is)).toEqual(['found', 'found', 'version', 'version', 'found']);
  expect(new Set(rows.map(keyOfRow)).size).toBe(5);
});

test('a name without a known content says so; so does an answer that has not come, or will not', () => {
  const opened = new Map<string, Version[] | 'asking' | { fault: string }>([
    ['a', []],
    ['b', 'asking'],
    ['c', { fault: 'no' }],
  ]);
  const rows = rowsOf([found('a', 0), found('b', 2), found('c', 2)], opened);
  expect(rows.map(({ is }) => is)).toEqual(['found', 'unproven', 'found', 'word', 'found', 'word']);
});

test('the most frequent ends of names come first', () => {
  expect(typesOf(['a.pdf', 'b.txt', 'c.txt', 'd'], extensionOf)).toEqual(['txt', 'pdf']);
});
