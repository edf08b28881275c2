// Pages that say one thing: no such view, no token, no answer yet.
import { CopyLine } from '../parts/copy.tsx';
import { Mark } from '../parts/icons.tsx';
import { shareCommand } from '../parts/shell.ts';

export function NothingHere() {
  return (
    <section class="card calm">
      <h1 tabIndex={-1}>There is nothing at this address</h1>
      <p>The link may be cut off or mistyped. The library has everything that is shared.</p>
      <a class="primary" href="/">
        To the library
      </a>
    </section>
  );
}

/** Its session has ended, or the key of it: the same address again is the way in. */
export function SignedOut() {
  return (
    <main class="alone">
      <Mark />
      <h1>You are signed out</h1>
      <p>
        The session has ended, or the key that opened it has: it may have expired, or been revoked.
      </p>
      <a class="primary" href={location.pathname} target="_self">
        Sign in
      </a>
    </main>
  );
}

export function OnlyAtAPeer() {
  return (
    <section class="card calm">
      <h1 tabIndex={-1}>That is for a peer’s own page</h1>
      <p>
        This is the page of a registry: it knows who has what. To download and to share, run on your
        machine
      </p>
      <CopyLine text={shareCommand(location.origin)} />
      <p>and open the link that it prints.</p>
    </section>
  );
}

export function TokenNeeded() {
  return (
    <main class="alone">
      <Mark />
      <h1>Open this page by its link</h1>
      <p>
        This page steers the peer on this machine, so it needs the link that carries the key. It was
        printed when sharing began; this shows it again:
      </p>
      <CopyLine text="sp2p status" />
      <p class="muted">The link works for as long as you keep it. Pass it on to nobody.</p>
    </main>
  );
}

export function Waiting() {
  return (
    <main class="alone">
      <Mark />
      <p class="muted" role="status">
        Connecting …
      </p>
    </main>
  );
}
