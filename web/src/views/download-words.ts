// What a download is doing, in a few words.
import type { Download } from '../../../src/protocol/control.ts';
import { plainWords } from '../state/faults.ts';
import { bytesText, counted, durationText, rateText } from '../parts/format.ts';

export function stateWords(download: Download): string {
  const { state, fault, rate, secondsLeft, sources, size, have } = download;
  switch (state) {
    case 'waiting':
      return 'waiting for its turn';
    case 'paused':
      return 'paused';
    case 'done':
      return 'here, every piece verified';
    case 'failed':
      return fault ? plainWords(fault) : 'It failed.';
    case 'running': {
      if (sources.length === 0) return 'looking for somebody who has it';
      if (size === null) return 'asking what it is';
      if (rate === 0) return have === 0 ? 'about to begin' : 'nothing comes just now';
      const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
      return `${rateText(rate)}${left}`;
    }
  }
}

/** `12.3 of 40.0 MiB from 3 sources`. */
export function amountWords({ have, size, state, sources }: Download): string {
  const amount =
    size === null
      ? bytesText(have)
      : state === 'done'
        ? bytesText(size)
        : `${bytesText(have)} of ${bytesText(size)}`;
  return state === 'running' && sources.length > 0
    ? `${amount} from ${counted(sources.length, 'source')}`
    : amount;
}

/** Why a source was dropped, without the code before it: `bad-piece: piece 3 is not what the root says`. */
export function droppedWords(reason: string): string {
  const [, code, words] = /^([a-z-]+): (.+)$/.exec(reason) ?? [];
  return code === 'unreachable' ? 'it cannot be reached' : (words ?? reason);
}
