// The token that lets this page steer the peer. It comes in the fragment of the printed link, which no server
// sees, and moves at once from there into this browser's storage.

const KEY = 'sp2p.token';
const FORM = /^[\w~.+/=-]{8,512}$/;

/** The token in a fragment such as `#token=…`; undefined: there is none of a token's form. */
export function tokenIn(fragment: string): string | undefined {
  const token = new URLSearchParams(fragment.replace(/^#/, '')).get('token');
  return token !== null && FORM.test(token) ? token : undefined;
}

let carried: string | undefined;

/** What every call to this page's own host carries; undefined: nothing, as at a registry. */
export function carriedToken(): string | undefined {
  return carried;
}

/** The token that came with the address just now, or before. The address is left without it. */
export function takeToken(): string | undefined {
  const fresh = tokenIn(location.hash);
  if (location.hash !== '') {
    history.replaceState(history.state, '', location.pathname + location.search);
    if (fresh !== undefined) localStorage.setItem(KEY, fresh);
  }
  carried = fresh ?? localStorage.getItem(KEY) ?? undefined;
  return carried;
}

export function forgetToken(): void {
  carried = undefined;
  localStorage.removeItem(KEY);
}
