// Paths of the page, and what they mean.

export type Route =
  | { view: 'library' }
  | { view: 'downloads' }
  | { view: 'download'; id: string }
  | { view: 'shares' }
  | { view: 'network' }
  | { view: 'content'; root: string }
  | { view: 'nothing' };

export function routeOf(path: string): Route {
  const [, first = '', second, ...more] = path.replace(/\/$/, '').split('/');
  if (more.length > 0) return { view: 'nothing' };
  if (second === undefined) {
    if (first === '') return { view: 'library' };
    if (first === 'downloads' || first === 'shares' || first === 'network') return { view: first };
    return { view: 'nothing' };
  }
  if (first === 'downloads' && /^[0-9a-f]{16}$/.test(second))
    return { view: 'download', id: second };
  if (first === 'contents' && /^[0-9a-f]{64}$/i.test(second))
    return { view: 'content', root: second.toLowerCase() };
  return { view: 'nothing' };
}
