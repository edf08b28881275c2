// What stands where nothing is searched for: how large the network is, and what changes in it.
import { Fragment } from 'preact';
import type { Change } from '../../../src/protocol/schemas.ts';
import { mayShare } from '../state/access.ts';
import { now } from '../state/clock.ts';
import { host } from '../state/host.ts';
import {
  isStatsTrue,
  peerNames,
  peers,
  registryLine,
  seen,
  stats,
  type Seen,
} from '../state/network.ts';
import { registryUrl } from '../state/registry-url.ts';
import { setText } from '../state/search.ts';
import { CopyLine } from '../parts/copy.tsx';
import { Foreign, InlineName } from '../parts/file-name.tsx';
import { ageText, counted, countText, endpointText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { extensionOf } from '../parts/names.ts';
import { lastSegment } from '../../../src/protocol/names.ts';
import { shareCommand } from '../parts/shell.ts';

const MAX_SHOWN = 12;
const MAX_NAMES = 3;
const MAX_PEERS_SHOWN = 6;

export function Welcome() {
  const counts = stats.value;
  return (
    <div class="welcome">
      {counts && (
        <dl class={isStatsTrue.value ? 'counts' : 'counts stale'}>
          <Count label="names" value={counts.names} />
          <Count label="contents" value={counts.contents} />
          <Count label="peers" value={counts.peers} />
        </dl>
      )}
      {counts?.names === 0 ? (
        <NothingYet />
      ) : (
        <>
          <WhoIsHere />
          <Newest />
        </>
      )}
    </div>
  );
}

function Count({ label, value }: { label: string; value: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd class="number">{countText(value)}</dd>
    </div>
  );
}

function NothingYet() {
  return (
    <section class="card calm">
      <h2>Nothing is shared here yet</h2>
      {host.value === 'peer' ? (
        <>
          <p>Share a folder, and everyone on this network can find what is in it.</p>
          <a class="primary" href="/shares">
            <Icon name="share" /> Share a folder
          </a>
        </>
      ) : (
        mayShare.value && (
          <>
            <p>Share a folder from any machine, and what is in it is found here a moment later:</p>
            <CopyLine text={shareCommand(registryUrl.value)} />
          </>
        )
      )}
    </section>
  );
}

/** Those who offer the most. */
function WhoIsHere() {
  const all = peers.value ?? [];
  if (all.length === 0) return null;
  return (
    <section class={isStatsTrue.value ? undefined : 'stale'}>
      <h2>Who is here</h2>
      <ul class="who-list">
        {all.slice(0, MAX_PEERS_SHOWN).map(({ endpoint, displayName, names }) => (
          <li key={endpointText(endpoint)}>
            <span class="dot dot-good" />
            <Foreign class="who" text={displayName ?? endpointText(endpoint)} />
            <span class="muted number">{counted(names, 'name')}</span>
          </li>
        ))}
        {all.length > MAX_PEERS_SHOWN && (
          <li>
            <a href="/network">and {countText(all.length - MAX_PEERS_SHOWN)} more</a>
          </li>
        )}
      </ul>
    </section>
  );
}

function Newest() {
  const shown = seen.value.slice(0, MAX_SHOWN);
  const isTrue = registryLine.value.at === 'live';
  return (
    <section class={isTrue ? 'newest' : 'newest stale'}>
      <h2>As it happens</h2>
      {shown.length === 0 ? (
        <p class="muted">Quiet just now. What comes and goes on this network shows up here.</p>
      ) : (
        <ol class="happenings">
          {shown.map((each) => (
            <Happening key={each.id} seen={each} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Happening({ seen: { change, at } }: { seen: Seen }) {
  return (
    <li>
      <span class={`dot dot-${toneOf(change)}`} />
      <div>
        {change.kind === 'removed' ? (
          <Removed change={change} />
        ) : (
          <>
            <Who endpoint={endpointText(change.endpoint)} /> <What change={change} />
          </>
        )}
      </div>
      <time class="muted small number">{ageText(at, now.value)}</time>
    </li>
  );
}

function Who({ endpoint }: { endpoint: string }) {
  return <Foreign class="who" text={peerNames.value.get(endpoint) ?? endpoint} />;
}

function Removed({ change: { what, subject, isHere } }: { change: Change & { kind: 'removed' } }) {
  return (
    <>
      An administrator {isHere ? 'brought back' : 'took off'}{' '}
      {what === 'name' ? (
        <InlineName name={subject} />
      ) : (
        <>
          the {what} <span class="mono">{subject.slice(0, 12)}…</span>
        </>
      )}
    </>
  );
}

function toneOf(change: Change): string {
  if (change.kind === 'peer' || change.kind === 'removed') return change.isHere ? 'good' : 'gone';
  if (change.kind === 'catalogue') return change.offered > 0 ? 'good' : 'gone';
  return change.held === 'none' ? 'gone' : 'good';
}

function What({ change }: { change: Exclude<Change, { kind: 'removed' }> }) {
  if (change.kind === 'peer') return <>{change.isHere ? 'came' : 'left'}</>;
  if (change.kind === 'content') {
    const words = { whole: 'has the whole of', part: 'has a part of', none: 'no longer holds' };
    return (
      <>
        {words[change.held]}{' '}
        <a class="mono" href={`/contents/${change.root}`}>
          {change.root.slice(0, 12)}…
        </a>
      </>
    );
  }
  const { offered, withdrawn, names } = change;
  if (offered === 0) return <>took away {counted(withdrawn, 'name')}</>;
  const told = names.slice(0, MAX_NAMES);
  return (
    <>
      offers{' '}
      {told.map((name, index) => (
        <Fragment key={name}>
          {index > 0 && ', '}
          <button
            type="button"
            class="as-link"
            onClick={() => {
              setText(wordsOf(name));
            }}
          >
            <InlineName name={name} />
          </button>
        </Fragment>
      ))}
      {offered > told.length && <> and {countText(offered - told.length)} more</>}
    </>
  );
}

/** What to search for, to find a name: its own file name without the extension. */
function wordsOf(name: string): string {
  const file = lastSegment(name);
  const extension = extensionOf(name);
  return extension === '' ? file : file.slice(0, -extension.length - 1);
}
