// Tells a follower which pieces of a download are there and who sent them, and then which arrive, gathered.
import type { EventStream } from '../../lib/http/event-stream.ts';
import type { PiecesChange } from '../../protocol/control.ts';
import { CodedError } from '../../protocol/errors.ts';
import type { Controlled } from './controlled.ts';

/** Ten times a second: as often as it can be seen. */
const GATHER_MS = 100;

/**
 * Tells until the stream ends, which it does when the download is removed. Before size and layer are
 * proven there is nothing to tell; they are waited for.
 */
export function tellPieces(controlled: Controlled, id: string, stream: EventStream): void {
  let stop: (() => void) | undefined;
  let waiting: PiecesChange | undefined;
  let mayBeGone = false;
  let timer: NodeJS.Timeout | undefined;

  const tellSoon = () => {
    timer ??= setTimeout(tell, GATHER_MS);
  };
  const begin = () => {
    const followed = controlled.followPieces(id, (change) => {
      waiting = waiting ? merged(waiting, change) : change;
      tellSoon();
    });
    if (followed.pieces) {
      stop = followed.stop;
      stream.send('pieces', JSON.stringify(followed.pieces));
    } else followed.stop();
  };
  const look = () => {
    mayBeGone = false;
    try {
      if (!stop) begin();
      else if (!controlled.state.downloads.some((each) => each.id === id)) stream.end();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      stream.end();
    }
  };
  const tell = () => {
    timer = undefined;
    if (mayBeGone) look();
    if (!waiting || stream.isBehind) return;
    stream.send('change', JSON.stringify(waiting));
    waiting = undefined;
  };

  begin();
  const stopListening = controlled.onChange((part) => {
    if (part !== 'downloads') return;
    mayBeGone = true;
    tellSoon();
  });
  stream.onReady(tellSoon);
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
