// The button that brings a content here, and once it is pressed, how far it is.
import { useLayoutEffect, useRef } from 'preact/hooks';
import { startDownload } from '../state/downloading.ts';
import { downloadsByRoot } from '../state/peer.ts';
import { Icon } from '../parts/icons.tsx';
import { DownloadCard } from './download-card.tsx';

export function GetContent(wanted: { root: string; name: string; size: number | null }) {
  const download = downloadsByRoot.value.get(wanted.root);
  const isComing = download !== undefined;
  const place = useRef<HTMLDivElement>(null);
  const isPressed = useRef(false);
  useLayoutEffect(() => {
    // The button that had the focus is gone: it goes on from what stands there now.
    if (isComing && isPressed.current)
      place.current?.querySelector<HTMLElement>('[data-main]')?.focus({ preventScroll: true });
    isPressed.current = false;
  }, [isComing]);
  if (download)
    return (
      <div ref={place}>
        <DownloadCard download={download} />
      </div>
    );
  return (
    <div class="actions">
      <button
        type="button"
        class="primary large"
        data-autofocus
        onClick={() => {
          isPressed.current = true;
          void startDownload(wanted);
        }}
      >
        <Icon name="download" /> Get it
      </button>
    </div>
  );
}
