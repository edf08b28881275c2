// What is wrong with the connections of this page, for as long as it is: nothing stale passes for live.
import { useEffect, useState } from 'preact/hooks';
import { plainWords } from '../state/faults.ts';
import { host, mainLine } from '../state/host.ts';
import { peer } from '../state/peer.ts';
import { clockText } from './format.ts';
import { Icon } from './icons.tsx';

/** What mends itself so quickly is not worth a word. */
const PATIENCE_MS = 800;

export function Banner() {
  const { at, since } = mainLine.value;
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (at !== 'away') return undefined;
    const timer = setTimeout(() => {
      setIsLate(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setIsLate(false);
    };
  }, [at]);
  const words =
    at === 'away' && isLate
      ? `Not connected since ${clockText(since)}, trying again. What you see is as it was then.`
      : registryWords();
  return (
    <div role="status">
      {words !== undefined && (
        <div class="banner">
          <Icon name="warning" />
          <p>{words}</p>
        </div>
      )}
    </div>
  );
}

function registryWords(): string | undefined {
  const registry = peer.value?.registry;
  if (host.value !== 'peer' || !registry) return undefined;
  const { at, fault, since } = registry;
  if (fault && fault.code !== 'registry-unreachable') return plainWords(fault);
  if (at !== 'away') return undefined;
  return `The registry has been away since ${clockText(since)}. What is under way goes on; searching has to wait until it is back.`;
}
