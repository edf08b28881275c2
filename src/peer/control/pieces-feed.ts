// Tells a follower which pieces of a download are there and who sent them, and then which arrive; what comes
// while it does not read is gathered.
import type { EventStream } from '../../lib/http/event-stream.ts';
import type { PiecesChange } from '../../protocol/control.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Controlled } from './controlled.ts';

/** Whether the download is still there is looked at so often at most. */
const LOOK_EVERY_MS = 100;

/**
 * Tells until the stream ends, which it does when the download is removed. Before size and layer are
 * proven there is nothing to tell; they are waited for.
 */
export function tellPieces(controlled: Controlled, id: string, stream: EventStream): void {
  let stop: (() => void) | undefined;
  let waiting: PiecesChange | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    if (!waiting || stream.isBehind) return;
    stream.send('change', JSON.stringify(waiting));
    waiting = undefined;
  };
  const begin = () => {
    const followed = controlled.followPieces(id, (change) => {
      waiting = waiting ? merged(waiting, change) : change;
      tell();
    });
    if (followed.pieces) {
      stop = followed.stop;
      stream.send('pieces', JSON.stringify(followed.pieces));
    } else followed.stop();
  };
  const look = () => {
    timer = undefined;
    try {
      if (!stop) begin();
      else if (!controlled.state.downloads.some((each) => each.id === id)) stream.end();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      stream.end();
    }
  };

  begin();
  const stopListening = controlled.onChange((part) => {
    if (part === 'downloads') timer ??= setTimeout(look, LOOK_EVERY_MS);
  });
  stream.onReady(tell);
  stream.onClose(() => {
    clearTimeout(timer);
    stopListening();
    stop?.();
  });
}

/** Places in `sources` stay what they are: it only grows. */
function merged(before: PiecesChange, { sources, arrived, underWay }: PiecesChange): PiecesChange {
  return { sources, underWay, arrived: [...before.arrived, ...arrived] };
}
