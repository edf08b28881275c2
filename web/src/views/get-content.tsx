// The button that brings a content here, and once it is pressed, how far it is.
import { startDownload } from '../state/downloading.ts';
import { downloadsByRoot } from '../state/peer.ts';
import { Icon } from '../parts/icons.tsx';
import { DownloadCard } from './download-card.tsx';

export function GetContent(wanted: { root: string; name: string; size: number | null }) {
  const download = downloadsByRoot.value.get(wanted.root);
  if (download) return <DownloadCard download={download} />;
  return (
    <div class="actions">
      <button
        type="button"
        class="primary large"
        data-autofocus
        onClick={() => void startDownload(wanted)}
      >
        <Icon name="download" /> Get it
      </button>
    </div>
  );
}
