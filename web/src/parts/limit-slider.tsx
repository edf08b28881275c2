// A limit that acts as it is moved: the peer is told at once, and its word corrects what the slider shows.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Limits } from '../../../src/protocol/control.ts';
import { control } from '../state/host.ts';
import { limits } from '../state/peer.ts';
import { say } from '../state/notices.ts';
import { wordsOf } from '../state/faults.ts';
import { rateText } from './format.ts';
import { LAST, limitAt, positionOf } from './log-scale.ts';

const PAUSE_MS = 120;

export function LimitSlider({ of, label }: { of: keyof Limits; label: string }) {
  const told = limits.value[of];
  const [wanted, setWanted] = useState<number | null | undefined>(undefined);
  const end = useRef(new AbortController());
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const id = useId();
  // The peer has said it: from here on its word counts.
  useEffect(() => {
    setWanted((now) => (now === told ? undefined : now));
  }, [told]);

  const send = async (limit: number | null) => {
    end.current.abort();
    end.current = new AbortController();
    const { signal } = end.current;
    try {
      await control.peek()?.setLimits({ ...limits.peek(), [of]: limit }, signal);
    } catch (error) {
      if (signal.aborted) return;
      setWanted(undefined);
      say(wordsOf(error), true);
    }
  };
  const shown = wanted === undefined ? told : wanted;
  const words = shown === null ? 'no limit' : rateText(shown);
  return (
    <div class="limit">
      <label for={id}>{label}</label>
      <output for={id} class="number">
        {words}
      </output>
      <input
        id={id}
        type="range"
        min={0}
        max={LAST}
        value={positionOf(shown)}
        aria-valuetext={words}
        onInput={(event) => {
          const limit = limitAt(Number(event.currentTarget.value));
          setWanted(limit);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => void send(limit), PAUSE_MS);
        }}
      />
    </div>
  );
}
