// The page of one content: what it is called, who holds it, and every way to get it.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Content } from '../../../src/protocol/schemas.ts';
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import { contentOf, named, type Named } from '../api/registry.ts';
import { plainWords, wordsOf } from '../state/faults.ts';
import { host, isLive } from '../state/host.ts';
import { changes, lookAtNetwork, registryLine } from '../state/network.ts';
import { registryUrl, contentUrl } from '../state/registry-url.ts';
import { nameOnTheWay } from '../state/route.ts';
import { CopyLine } from '../parts/copy.tsx';
import { FileName, Foreign } from '../parts/file-name.tsx';
import { bytesText, counted, exactText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { folderOf, kindOf } from '../parts/names.ts';
import { getCommand } from '../parts/shell.ts';
import { GetContent } from './get-content.tsx';
import { Holders } from './holders.tsx';
import { TakeOff } from './take-off.tsx';

const AGAIN_MS = 1_500;
const MAX_NAMES_SHOWN = 20;

interface Known {
  content: Content;
  /** What is known under the name that is shown; undefined: it has none. */
  named: Named | undefined;
}

export function ContentView({ root }: { root: string }) {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const chosen = nameOnTheWay.value;
  const count = changes.value;
  const line = registryLine.value;
  const isFirst = known?.content.root !== root;
  useEffect(lookAtNetwork, []);
  useEffect(() => {
    const end = new AbortController();
    const ask = async () => {
      try {
        const next = await knownOf(root, chosen, end.signal);
        setKnown(next);
        setFault(undefined);
      } catch (error) {
        if (!end.signal.aborted) setFault(wordsOf(error));
      }
    };
    const timer = setTimeout(() => void ask(), isFirst ? 0 : AGAIN_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [root, chosen, count, line]);

  if (isFirst)
    return (
      <p class="waiting muted" role="status">
        {fault ?? 'Asking who has it …'}
      </p>
    );
  const isTrue = isLive.value && line.at === 'live' && fault === undefined;
  return <Shown known={known} isTrue={isTrue} />;
}

async function knownOf(
  root: string,
  chosen: string | undefined,
  signal: AbortSignal,
): Promise<Known> {
  const content = await contentOf(root, signal);
  // The name that it was found under, if somebody offers it so; else any.
  for (const name of new Set([...(chosen === undefined ? [] : [chosen]), ...content.names])) {
    const each = await named(name, signal);
    if (each.versions.some((version) => version.root === root)) return { content, named: each };
  }
  return { content, named: undefined };
}

/** Who came by a link, with the keyboard, goes on from what can be done here. */
function useArrival(place: { current: HTMLElement | null }, name: string | undefined): void {
  useLayoutEffect(() => {
    if (name !== undefined) document.title = `${printable(lastSegment(name))} · Simple P2P`;
  }, [name]);
  useEffect(() => {
    if (document.activeElement !== document.body) return;
    const find = (what: string) => place.current?.querySelector<HTMLElement>(what);
    (find('[data-autofocus]') ?? find('h1'))?.focus({ preventScroll: true });
  }, [place]);
}

function Shown({ known: { content, named: its }, isTrue }: { known: Known; isTrue: boolean }) {
  const { root, size, holders, partial } = content;
  const article = useRef<HTMLElement>(null);
  useArrival(article, its?.name);
  const name = its?.name;
  const others = content.names.filter((each) => each !== name);
  const version = its?.versions.find((each) => each.root === root);
  if (holders === 0 && partial === 0)
    return (
      <section class="card calm">
        <h1 tabIndex={-1}>Nobody here holds this content</h1>
        <p>{plainWords({ code: 'not-known', message: '' })} It may come back with who had it.</p>
        <p class="mono wrap muted">{root}</p>
      </section>
    );
  return (
    <article ref={article} class={isTrue ? 'content' : 'content stale'}>
      <header class="content-head">
        <span class={`kind large kind-${kindOf(name ?? '')}`}>
          <Icon name={kindOf(name ?? '')} size={34} />
        </span>
        <div>
          {name !== undefined && folderOf(name) !== '' && (
            <Foreign class="muted folder-of" text={folderOf(name)} />
          )}
          <h1 tabIndex={-1}>
            {name === undefined ? 'A content without a name' : <FileName name={name} />}
          </h1>
          <p class="facts">
            <span class="number">{size === null ? 'size not known' : bytesText(size)}</span>
            <span class="number">{counted(holders, 'holder')}</span>
            {partial > 0 && <span class="number">{counted(partial, 'holder')} of a part</span>}
            {version && version.modified !== null && (
              <span>changed {exactText(version.modified)}</span>
            )}
          </p>
        </div>
      </header>
      {host.value === 'peer' && name !== undefined && (
        <GetContent root={root} name={name} size={size} />
      )}
      <section class="card">
        <h2>{host.value === 'peer' ? 'Pass it on' : 'Get it'}</h2>
        {host.value !== 'peer' && (
          <p class="muted">
            From everyone who has it at once, and every piece verified. It goes on where it was
            interrupted.
          </p>
        )}
        <CopyLine text={getCommand(root, registryUrl.value)} />
        <p class="muted">This page, for somebody else:</p>
        <CopyLine text={contentUrl(root)} label="Copy link" />
      </section>
      <Holders content={content} name={name} named={its} />
      {its && its.versions.length > 1 && (
        <section class="card">
          <h2>Other contents of this name</h2>
          <ul class="plain">
            {its.versions
              .filter((each) => each.root !== root)
              .map((each) => (
                <li key={each.root}>
                  <a href={`/contents/${each.root}`} data-name={its.name}>
                    {each.modified === null ? 'A version' : `As of ${exactText(each.modified)}`}
                  </a>{' '}
                  <span class="muted number">
                    {each.size === null ? '' : `${bytesText(each.size)} · `}
                    {counted(each.holders, 'holder')} ·{' '}
                    <span class="mono">{each.root.slice(0, 12)}…</span>
                  </span>
                </li>
              ))}
          </ul>
        </section>
      )}
      {others.length > 0 && (
        <section class="card">
          <h2>Also called</h2>
          <ul class="plain">
            {others.slice(0, MAX_NAMES_SHOWN).map((each) => (
              <li key={each}>
                <Foreign text={each} class="wrap" />
              </li>
            ))}
          </ul>
        </section>
      )}
      <div class="actions">
        <TakeOff kind="content" subject={root} label="Take this content off the network" />
        {name !== undefined && (
          <TakeOff kind="name" subject={name} label="Take this name off the network" />
        )}
      </div>
      <p class="muted small root-line">
        Its root, by which every byte is checked: <span class="mono wrap">{printable(root)}</span>
      </p>
    </article>
  );
}
