// One row of a search's list: a name, a version of it, or a word about it.
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Found, Version } from '../../../src/protocol/schemas.ts';
import { now } from '../state/clock.ts';
import { startDownload } from '../state/downloading.ts';
import { host } from '../state/host.ts';
import { downloadsByRoot } from '../state/peer.ts';
import type { Row } from '../state/result-rows.ts';
import { toggle } from '../state/search.ts';
import { CopyButton } from '../parts/copy.tsx';
import { FileName, Foreign } from '../parts/file-name.tsx';
import { ageText, bytesText, counted, countText, exactText, percentText } from '../parts/format.ts';
import { Icon } from '../parts/icons.tsx';
import { folderOf, kindOf } from '../parts/names.ts';
import { getByNameCommand } from '../parts/shell.ts';
import { registryUrl } from '../state/registry-url.ts';
import { TakeOff } from './take-off.tsx';

export function ResultRow({ row }: { row: Row }) {
  if (row.is === 'found') return <FoundRow found={row.found} isOpen={row.isOpen} />;
  if (row.is === 'version') return <VersionRow name={row.name} version={row.version} />;
  if (row.is === 'unproven') return <UnprovenRow name={row.name} />;
  return <div class="result version muted">{row.text}</div>;
}

function FoundRow({ found, isOpen }: { found: Found; isOpen: boolean }) {
  const { name, root, size, versions } = found;
  const folder = folderOf(name);
  return (
    <div class="result">
      <span class={`kind kind-${kindOf(name)}`}>
        <Icon name={kindOf(name)} size={22} />
      </span>
      <div class="result-name">
        {root === null ? (
          <button
            type="button"
            class="result-main"
            data-main
            aria-expanded={isOpen}
            onClick={() => void toggle(name)}
          >
            <FileName name={name} />
          </button>
        ) : (
          <a class="result-main" data-main href={`/contents/${root}`} data-name={name}>
            <FileName name={name} />
          </a>
        )}
        <span class="result-under">
          {versions !== 1 && (
            <span class={isOpen ? 'tag open' : 'tag'}>
              {versions === 0 ? 'not verifiable' : counted(versions, 'version')}
              <Icon name="chevron" size={14} />
            </span>
          )}
          {folder !== '' && <Foreign class="folder-of" text={folder} />}
        </span>
      </div>
      <Figures {...{ size, versions }} holders={found.holders} modified={found.modified} />
      {host.value === 'peer' && (
        <div class="result-act">{root !== null && <Get root={root} name={name} size={size} />}</div>
      )}
    </div>
  );
}

function VersionRow({ name, version }: { name: string; version: Version }) {
  const { root, size, modified, holders } = version;
  return (
    <div class="result version">
      <div class="result-name">
        <a class="result-main as-of" data-main href={`/contents/${root}`} data-name={name}>
          {modified === null ? 'A version' : `As of ${exactText(modified)}`}
        </a>
        <span class="result-under mono">{root.slice(0, 12)}…</span>
      </div>
      <Figures size={size} holders={holders} modified={modified} />
      {host.value === 'peer' && (
        <div class="result-act">
          <Get root={root} name={name} size={size} />
        </div>
      )}
    </div>
  );
}

function UnprovenRow({ name }: { name: string }) {
  return (
    <div class="result version">
      <span class="muted unproven">
        Its holders do not say which bytes it is: sp2p get brings it, but cannot verify it.
      </span>
      <CopyButton text={getByNameCommand(name, registryUrl.value)} label="Copy command" />
      <TakeOff kind="name" subject={name} label="Take it off" />
    </div>
  );
}

interface FiguresProps {
  size: number | null;
  versions?: number;
  holders: number;
  modified: number | null;
}

function Figures({ size, versions = 1, holders, modified }: FiguresProps) {
  const untold = versions > 1 ? 'by version' : 'size not told';
  return (
    <div class="figures">
      <span class="number">{size === null ? untold : bytesText(size)}</span>
      <span class="number holders" title={counted(holders, 'holder')}>
        <Icon name="network" size={13} />
        {countText(holders)}
        <span class="word"> {holders === 1 ? 'holder' : 'holders'}</span>
      </span>
      <span class="number" title={modified === null ? undefined : exactText(modified)}>
        {modified === null ? '' : ageText(modified, now.value)}
      </span>
    </div>
  );
}

/** Gets it, or says how far it is. */
function Get({ root, name, size }: { root: string; name: string; size: number | null }) {
  const download = downloadsByRoot.value.get(root);
  const place = useRef<HTMLElement | null>(null);
  const isPressed = useRef(false);
  const isComing = download !== undefined;
  useLayoutEffect(() => {
    // The button that had the focus is gone: it goes on from what stands there now.
    if (isPressed.current && document.activeElement === document.body)
      place.current?.focus({ preventScroll: true });
    isPressed.current = false;
  }, [isComing]);
  const here = (element: HTMLElement | null) => {
    if (element) place.current = element;
  };
  if (!download)
    return (
      <button
        ref={here}
        type="button"
        class="quiet get"
        onClick={() => {
          isPressed.current = true;
          void startDownload({ root, name, size });
        }}
      >
        <Icon name="download" />
        <span>Get</span>
      </button>
    );
  const words =
    download.state === 'done'
      ? 'Here'
      : download.size === null
        ? 'Coming'
        : percentText(download.have, download.size);
  return (
    <a ref={here} class="quiet get" href={`/downloads/${download.id}`}>
      <Icon name={download.state === 'done' ? 'check' : 'download'} />
      <span>{words}</span>
    </a>
  );
}
