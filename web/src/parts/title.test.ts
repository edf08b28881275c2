import { expect, test } from 'vitest';
import type { Download } from '../../../src/protocol/control.ts';
import { titleOf } from './title.ts';

const ID = '0123456789abcdef';
const download = {
  ...{ id: ID, name: 'films/film.mkv', state: 'running', have: 65, size: 100 },
} as Download;
const other: Download = { ...download, id: 'f'.repeat(16), have: 0, size: 300 };

test('the tab of a download says how far it is, and of all of them how far they are together', () => {
  expect(titleOf({ view: 'download', id: ID }, [download, other])).toBe(
    '65 % · film.mkv · Simple P2P',
  );
  expect(titleOf({ view: 'downloads' }, [download, other])).toBe('16 % · Downloads · Simple P2P');
});

test('what does not come just now is not said to be on its way', () => {
  const still: Download[] = [
    { ...download, state: 'paused' },
    { ...other, state: 'done' },
    { ...download, size: null },
  ];
  expect(titleOf({ view: 'downloads' }, still)).toBe('Downloads · Simple P2P');
  expect(titleOf({ view: 'download', id: ID }, [])).toBe('Download · Simple P2P');
  expect(titleOf({ view: 'library' }, [download])).toBe('Library · Simple P2P');
});
