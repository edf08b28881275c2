// Paths of the page, and what they mean.

export const ACCESS_PARTS = ['keys', 'removals', 'audit'] as const;
export type AccessPart = (typeof ACCESS_PARTS)[number];

export type Route =
  | { view: 'library' }
  | { view: 'downloads' }
  | { view: 'download'; id: string }
  | { view: 'shares' }
  | { view: 'network' }
  | { view: 'access'; part: AccessPart }
  | { view: 'content'; root: string }
  | { view: 'nothing' };

export function routeOf(path: string): Route {
  const [, first = '', second, ...more] = path.replace(/\/$/, '').split('/');
  if (more.length > 0) return { view: 'nothing' };
  if (second === undefined) {
    if (first === '') return { view: 'library' };
    if (first === 'downloads' || first === 'shares' || first === 'network') return { view: first };
    if (first === 'access') return { view: 'access', part: 'keys' };
    return { view: 'nothing' };
  }
  const part = ACCESS_PARTS.find((each) => each === second);
  if (first === 'access' && part) return { view: 'access', part };
  if (first === 'downloads' && /^[0-9a-f]{16}$/.test(second))
    return { view: 'download', id: second };
  if (first === 'contents' && /^[0-9a-f]{64}$/i.test(second))
    return { view: 'content', root: second.toLowerCase() };
  return { view: 'nothing' };
}
