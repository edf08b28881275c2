// Which view the address means, and going to another one without loading the page anew.
import { signal } from '@preact/signals';
import { routeOf, type Route } from './route-path.ts';

/** What the history keeps of an entry beside its address. */
interface Kept {
  /** The name under which a content was found. */
  name?: string;
  scrollY?: number;
}

export const route = signal<Route>(routeOf(location.pathname));
/** The name that a content was called where it was chosen. */
export const nameOnTheWay = signal<string | undefined>(kept().name);

function kept(): Kept {
  const state: unknown = history.state;
  return typeof state === 'object' && state !== null ? state : {};
}

export function navigate(path: string, name?: string): void {
  history.replaceState({ ...kept(), scrollY }, '');
  history.pushState(name === undefined ? {} : { name }, '', path);
  show(0);
}

/** The same view at another address: no further step back. */
export function readdress(path: string): void {
  history.replaceState(kept(), '', path);
}

function show(y: number): void {
  nameOnTheWay.value = kept().name;
  route.value = routeOf(location.pathname);
  // The view is drawn after this; its height has to be there first.
  requestAnimationFrame(() => {
    requestAnimationFrame(() => {
      scrollTo(0, y);
    });
  });
}

/** Follows the links of this page, and back and forth. */
export function startRouting(): void {
  history.scrollRestoration = 'manual';
  addEventListener('popstate', () => {
    show(kept().scrollY ?? 0);
  });
  addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || routeOf(link.pathname).view === 'nothing') return;
    event.preventDefault();
    navigate(link.pathname + link.search, link.dataset['name']);
  });
}
