// The beginning of a text, shown as it comes; never as anything but text.
import { useEffect, useState } from 'preact/hooks';
import { counted } from '../parts/format.ts';

/** What a reader may want to see of a file that is not here yet, and a browser lays out at once. */
const MAX_BYTES = 256 * 1024;

export function TextPreview({ url, onError }: { url: string; onError: () => void }) {
  const [text, setText] = useState('');
  const [isWhole, setIsWhole] = useState(false);
  useEffect(() => {
    const end = new AbortController();
    const read = async () => {
      const answer = await fetch(url, {
        headers: { range: `bytes=0-${MAX_BYTES - 1}` },
        signal: end.signal,
        credentials: 'omit',
      });
      if (!answer.ok || !answer.body) throw new Error(`It answered ${answer.status}.`);
      const decoder = new TextDecoder();
      const reader = answer.body.getReader();
      for (let come = 0; come < MAX_BYTES;) {
        const { done, value } = await reader.read();
        if (done) break;
        come += value.length;
        const next = decoder.decode(value, { stream: true });
        setText((before) => before + next);
      }
      setIsWhole(true);
      end.abort();
    };
    read().catch(() => {
      if (!end.signal.aborted) onError();
    });
    return () => {
      end.abort();
    };
  }, [url]);
  return (
    <>
      <pre class="preview-text" tabIndex={0} dir="auto">
        {text}
      </pre>
      <p class="muted small" role="status">
        {isWhole ? counted(text.split('\n').length, 'line') : 'It comes …'}
        {text.length >= MAX_BYTES ? ', and more that is not shown' : ''}
      </p>
    </>
  );
}
