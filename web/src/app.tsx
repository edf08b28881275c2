// The page around the views: who one is talking to, the way between views, and what is wrong.
import { useComputed, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { isSignedOut, leave, maySteer, you } from './state/access.ts';
import { host, isLive, mainLine, token } from './state/host.ts';
import { downloads, peer } from './state/peer.ts';
import { route } from './state/route.ts';
import type { Route } from './state/route-path.ts';
import { Banner } from './parts/banner.tsx';
import { Foreign } from './parts/file-name.tsx';
import { rateText } from './parts/format.ts';
import { Icon, Mark, type IconName } from './parts/icons.tsx';
import { Notices } from './parts/notices.tsx';
import { titleOf } from './parts/title.ts';
import { Access } from './views/access.tsx';
import { ContentView } from './views/content.tsx';
import { DownloadDetail } from './views/download-detail.tsx';
import { Downloads } from './views/downloads.tsx';
import { Library } from './views/library.tsx';
import { Network } from './views/network.tsx';
import { NothingHere, OnlyAtAPeer, SignedOut, TokenNeeded, Waiting } from './views/plain-pages.tsx';
import { Shares } from './views/shares.tsx';

export function App() {
  if (isSignedOut.value) return <SignedOut />;
  if (host.value === 'unknown') return mainLine.value.at === 'away' ? <Waiting /> : null;
  if (host.value === 'peer') {
    if (token.value === undefined) return <TokenNeeded />;
    // What a peer does is not known before it has said so once.
    if (!peer.value) return <Waiting />;
  }
  return <Page />;
}

function Page() {
  const main = useRef<HTMLElement>(null);
  const shown = route.value;
  const isFirst = useRef(true);
  const title = useComputed(() => titleOf(route.value, downloads.value));
  useSignalEffect(() => {
    document.title = title.value;
  });
  useLayoutEffect(() => {
    // Who came by a link hears where it led; the library puts the focus into the search.
    if (!isFirst.current && shown.view !== 'library')
      main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [shown]);
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <Head view={shown.view} />
      <Banner />
      <main ref={main} id="main" tabIndex={-1}>
        <View shown={shown} />
      </main>
      <Notices />
    </>
  );
}

function View({ shown }: { shown: Route }) {
  const isPeer = host.value === 'peer';
  switch (shown.view) {
    case 'library':
      return <Library />;
    case 'network':
      return <Network />;
    case 'access':
      return !isPeer && maySteer.value ? <Access part={shown.part} /> : <NothingHere />;
    case 'content':
      return <ContentView root={shown.root} />;
    case 'downloads':
      return isPeer ? <Downloads /> : <OnlyAtAPeer />;
    case 'download':
      return isPeer ? <DownloadDetail id={shown.id} /> : <OnlyAtAPeer />;
    case 'shares':
      return isPeer ? <Shares /> : <OnlyAtAPeer />;
    case 'nothing':
      return <NothingHere />;
  }
}

function Head({ view }: { view: Route['view'] }) {
  const isPeer = host.value === 'peer';
  const underWay = downloads.value.filter(
    ({ state }) => state === 'running' || state === 'waiting',
  ).length;
  const inDownloads = view === 'downloads' || view === 'download';
  return (
    <header class="head">
      <a class="brand" href="/">
        <Mark /> <span>Simple P2P</span>
      </a>
      <nav aria-label="Views">
        <NavLink path="/" icon="library" label="Library" isHere={view === 'library'} />
        {isPeer && (
          <NavLink
            path="/downloads"
            icon="download"
            label="Downloads"
            isHere={inDownloads}
            count={underWay}
          />
        )}
        {isPeer && (
          <NavLink path="/shares" icon="share" label="Shares" isHere={view === 'shares'} />
        )}
        <NavLink path="/network" icon="network" label="Network" isHere={view === 'network'} />
        {!isPeer && maySteer.value && (
          <NavLink path="/access" icon="key" label="Access" isHere={view === 'access'} />
        )}
      </nav>
      {isPeer ? <Rates /> : <SignedIn />}
    </header>
  );
}

interface NavProps {
  path: string;
  icon: IconName;
  label: string;
  isHere: boolean;
  count?: number;
}

function NavLink({ path, icon, label, isHere, count = 0 }: NavProps) {
  return (
    <a class="nav-link" href={path} aria-current={isHere ? 'page' : undefined}>
      <Icon name={icon} />
      <span>{label}</span>
      {count > 0 && <span class="badge number">{count}</span>}
    </a>
  );
}

/** Who is looking, in a private network, and the way out. */
function SignedIn() {
  if (!you.value) return null;
  const { name, role } = you.value;
  return (
    <div class="signed-in">
      <span class="signed-in-as" title="Signed in as">
        <span class="offscreen">Signed in as </span>
        <Foreign class="who" text={name} /> <span class="tag">{role}</span>
      </span>
      <button type="button" class="quiet small" onClick={() => void leave()}>
        Sign out
      </button>
    </div>
  );
}

function Rates() {
  const { downloadRate = 0, uploadRate = 0 } = peer.value ?? {};
  return (
    <div class={isLive.value ? 'rates' : 'rates stale'}>
      <span class="number" title="Coming in">
        <Icon name="download" size={15} />
        <span class="offscreen">Coming in </span>
        {rateText(downloadRate)}
      </span>
      <span class="number" title="Going out">
        <Icon name="upload" size={15} />
        <span class="offscreen">Going out </span>
        {rateText(uploadRate)}
      </span>
    </div>
  );
}
