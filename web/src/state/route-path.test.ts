// What an address of the page means.
import { expect, test } from 'vitest';
import { routeOf } from './route-path.ts';

const ROOT = 'ab'.repeat(32);

test.each([
  ['/', { view: 'library' }],
  ['/downloads', { view: 'downloads' }],
  ['/downloads/', { view: 'downloads' }],
  ['/downloads/0123456789abcdef', { view: 'download', id: '0123456789abcdef' }],
  ['/shares', { view: 'shares' }],
  ['/network', { view: 'network' }],
  ['/access', { view: 'access', part: 'keys' }],
  ['/access/audit', { view: 'access', part: 'audit' }],
  [`/contents/${ROOT}`, { view: 'content', root: ROOT }],
  [`/contents/${ROOT.toUpperCase()}`, { view: 'content', root: ROOT }],
])('%s is a view', (path, route) => {
  expect(routeOf(path)).toEqual(route);
});

test.each([
  '/x',
  '/downloads/1',
  '/contents',
  '/contents/ab',
  `/contents/${ROOT}/x`,
  '/shares/1',
  '/access/x',
])('%s is nothing', (path) => {
  expect(routeOf(path)).toEqual({ view: 'nothing' });
});
