// The network: who is there with what, who sends to whom, and how the registry does.
import { useCallback, useEffect } from 'preact/hooks';
import type { PeerSummary } from '../../../src/protocol/schemas.ts';
import { isPrivate } from '../state/access.ts';
import { plainWords } from '../state/faults.ts';
import { host, isLive } from '../state/host.ts';
import {
  hasMorePeers,
  isStatsTrue,
  lookAtNetwork,
  MAX_PEERS,
  peerNames,
  peers,
  registryLine,
  stats,
} from '../state/network.ts';
import { downloads, peer, uploads } from '../state/peer.ts';
import { registryUrl } from '../state/registry-url.ts';
import { Foreign } from '../parts/file-name.tsx';
import {
  ageText,
  bytesText,
  clockText,
  counted,
  countText,
  endpointText,
} from '../parts/format.ts';
import { now } from '../state/clock.ts';
import { SwarmMap } from '../parts/swarm-map.tsx';
import { VirtualList } from '../parts/virtual-list.tsx';
import { TakeOff } from './take-off.tsx';

const ROW_HEIGHT = 56;

export function Network() {
  useEffect(lookAtNetwork, []);
  return (
    <section>
      <header class="view-head">
        <h1 tabIndex={-1}>Network</h1>
      </header>
      {host.value === 'peer' && (
        <section class={isLive.value ? 'card' : 'card stale'}>
          <h2>Right now</h2>
          <SwarmMap downloads={downloads.value} uploads={uploads.value} names={peerNames.value} />
        </section>
      )}
      <div class="pair">
        <RegistryCard />
        {host.value === 'peer' && <PeerCard />}
      </div>
      <PeerList />
    </section>
  );
}

function RegistryCard() {
  const counts = stats.value;
  const { word, tone, more } = registryWords();
  return (
    <section class={isStatsTrue.value ? 'card' : 'card stale'}>
      <h2>Registry</h2>
      <p class="state-line">
        <span class={`dot dot-${tone}`} /> {word}
      </p>
      {more !== undefined && <p class="trouble-text">{more}</p>}
      <dl class="facts-list">
        <dt>Address</dt>
        <dd class="mono wrap">{registryUrl.value}</dd>
        {counts && (
          <>
            <dt>Knows</dt>
            <dd class="number">
              {counted(counts.names, 'name')} of {counted(counts.contents, 'content')}
            </dd>
            <dt>Peers</dt>
            <dd class="number">{countText(counts.peers)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function registryWords(): { word: string; tone: string; more?: string } {
  const registry = host.value === 'peer' ? peer.value?.registry : undefined;
  if (!registry) {
    const { at, since } = registryLine.value;
    if (at === 'live') return { word: 'connected', tone: 'good' };
    if (at === 'connecting') return { word: 'connecting …', tone: 'part' };
    return { word: `not connected since ${clockText(since)}`, tone: 'bad' };
  }
  const more = registry.fault ? { more: plainWords(registry.fault) } : {};
  if (registry.at === 'announced')
    return { word: `knows this peer since ${clockText(registry.since)}`, tone: 'good', ...more };
  if (registry.at === 'connecting') return { word: 'connecting …', tone: 'part', ...more };
  return { word: `away since ${clockText(registry.since)}`, tone: 'bad', ...more };
}

function PeerCard() {
  const self = peer.value;
  if (!self) return null;
  return (
    <section class={isLive.value ? 'card' : 'card stale'}>
      <h2>This peer</h2>
      <p class="state-line">
        <span class="dot dot-good" />{' '}
        {self.displayName === null ? 'running' : <Foreign text={self.displayName} />}
      </p>
      <dl class="facts-list">
        <dt>Others reach it at</dt>
        <dd class="number">
          {self.endpoint
            ? endpointText(self.endpoint)
            : `port ${self.port}; the registry has not said where`}
        </dd>
        <dt>Sent</dt>
        <dd class="number">{bytesText(self.sent)}</dd>
        <dt>Received</dt>
        <dd class="number">{bytesText(self.received)}</dd>
        <dt>Running since</dt>
        <dd>{ageText(self.startedAt, now.value)}</dd>
        <dt>Version</dt>
        <dd class="number">{self.version}</dd>
      </dl>
    </section>
  );
}

function PeerList() {
  const all = peers.value;
  const own = peer.value?.endpoint;
  const ownText = own ? endpointText(own) : undefined;
  const keyOf = useCallback(
    (at: number) => {
      const each = all?.[at];
      return each ? endpointText(each.endpoint) : String(at);
    },
    [all],
  );
  const row = useCallback(
    (at: number) => {
      const each = all?.[at];
      return each && <PeerRow peer={each} isOwn={endpointText(each.endpoint) === ownText} />;
    },
    [all, ownText],
  );
  if (!all) return null;
  return (
    <section class={isStatsTrue.value ? 'peers' : 'peers stale'}>
      <h2>
        {counted(all.length, 'peer')}
        {hasMorePeers.value ? ` and more than ${MAX_PEERS}` : ''}
      </h2>
      {all.length === 0 && <p class="muted">Nobody is here yet.</p>}
      <VirtualList
        label="Peers"
        count={all.length}
        rowHeight={ROW_HEIGHT}
        keyOf={keyOf}
        row={row}
      />
    </section>
  );
}

function PeerRow({ peer: each, isOwn }: { peer: PeerSummary; isOwn: boolean }) {
  const { endpoint, displayName, names, contract, peerId } = each;
  const text = endpointText(endpoint);
  return (
    <div class="result peer-row">
      <span class="dot dot-good" />
      <div class="result-name">
        {contract === 'native' && isPrivate.value === false ? (
          <a
            class="result-main"
            data-main
            href={`http://${text}/`}
            target="_blank"
            rel="noreferrer"
          >
            <Foreign text={displayName ?? text} />
          </a>
        ) : (
          <span class="result-main" data-main tabIndex={-1}>
            {displayName === null ? text : <Foreign text={displayName} />}
          </span>
        )}
        <span class="result-under">
          {isOwn && <span class="tag">this machine</span>}
          {contract === 'exercise' && <span class="tag">exercise</span>}
          {displayName !== null && <span class="muted number">{text}</span>}
        </span>
      </div>
      <div class="figures">
        <span class="number">{names === 0 ? 'only downloads' : counted(names, 'name')}</span>
      </div>
      {peerId && (
        <div class="peer-act">
          <TakeOff kind="peer" subject={peerId} label="Take off" of={displayName ?? text} />
        </div>
      )}
    </div>
  );
}
