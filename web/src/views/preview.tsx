// A look at a download while it comes: pictures, sound and video by the browser's own players, text as text.
import { useState } from 'preact/hooks';
import type { Download, Preview } from '../../../src/protocol/control.ts';
import { lastSegment, printable } from '../../../src/protocol/names.ts';
import { control } from '../state/host.ts';
import { attempt } from '../state/notices.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icons.tsx';
import { TextPreview } from './text-preview.tsx';

export function PreviewButton({ download }: { download: Download }) {
  const [preview, setPreview] = useState<Preview | undefined>(undefined);
  const look = () =>
    attempt(async () => {
      setPreview(await control.peek()?.preview(download.id));
    });
  return (
    <>
      <button type="button" class="quiet" onClick={() => void look()}>
        <Icon name="eye" size={18} /> Preview
      </button>
      {preview && (
        <Dialog
          title={printable(lastSegment(download.name))}
          isWide
          onClose={() => {
            setPreview(undefined);
          }}
        >
          <Shown preview={preview} name={printable(download.name)} />
        </Dialog>
      )}
    </>
  );
}

function Shown({ preview: { url, type }, name }: { preview: Preview; name: string }) {
  const [isBroken, setIsBroken] = useState(false);
  const onError = () => {
    setIsBroken(true);
  };
  const { origin, href } = new URL(url, location.href);
  const kind = type.split('/', 1)[0];
  if (isBroken || origin !== location.origin)
    return (
      <p class="muted">This browser cannot show it. Open it from its folder once it is here.</p>
    );
  if (kind === 'image') return <img class="preview" src={href} alt={name} onError={onError} />;
  if (kind === 'video')
    return <video class="preview" src={href} controls autoplay onError={onError} />;
  if (kind === 'audio')
    return <audio class="preview" src={href} controls autoplay onError={onError} />;
  if (type.startsWith('text/plain')) return <TextPreview url={href} onError={onError} />;
  return <p class="muted">There is no preview of this kind of file.</p>;
}
