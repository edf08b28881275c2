// Work that repeats until it is stopped: stopping is prompt, waits for what is under way, and may be
// asked for as often as one likes.
import { expect, test } from 'vitest';
import { isStopping, pause, Repeating } from './lifecycle.ts';

/** So long that a test which waits for it fails. */
const FOREVER_MS = 3_600_000;

const noError = (error: unknown) => {
  expect.unreachable(String(error));
};

test('work is done again and again until it is stopped', async () => {
  let rounds = 0;
  const third = Promise.withResolvers<undefined>();
  const work = () => {
    if (++rounds === 3) third.resolve(undefined);
    return Promise.resolve();
  };
  const repeating = new Repeating({ work, pauseMs: 0, onError: noError });
  await repeating.start();
  await third.promise;
  await repeating.stop();
  const atStop = rounds;
  await new Promise((resolve) => setImmediate(resolve));
  expect(rounds).toBe(atStop);
});

test('two rounds never overlap', async () => {
  let underWay = 0;
  let rounds = 0;
  const enough = Promise.withResolvers<undefined>();
  const work = async () => {
    expect(++underWay).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    if (++rounds === 5) enough.resolve(undefined);
  };
  const repeating = new Repeating({ work, pauseMs: 0, onError: noError });
  await repeating.start();
  await enough.promise;
  await repeating.stop();
});

test('a failure is told, and ends nothing', async () => {
  const told: unknown[] = [];
  const twice = Promise.withResolvers<undefined>();
  const repeating = new Repeating({
    work: () => Promise.reject(new Error('this round')),
    pauseMs: 0,
    onError: (error) => {
      if (told.push(error) === 2) twice.resolve(undefined);
    },
  });
  await repeating.start();
  await twice.promise;
  await repeating.stop();
  expect(told[0]).toMatchObject({ message: 'this round' });
});

test('stopping cuts the pause short', async () => {
  const done = Promise.withResolvers<undefined>();
  const work = () => {
    done.resolve(undefined);
    return Promise.resolve();
  };
  const repeating = new Repeating({ work, pauseMs: FOREVER_MS, onError: noError });
  await repeating.start();
  await done.promise;
  await repeating.stop();
});

test('the pause may come first, and stopping cuts that one short too', async () => {
  let rounds = 0;
  const work = () => {
    rounds++;
    return Promise.resolve();
  };
  const repeating = new Repeating({
    work,
    pauseMs: FOREVER_MS,
    pauseFirst: true,
    onError: noError,
  });
  await repeating.start();
  await repeating.stop();
  expect(rounds).toBe(0);
});

test('stopping tells the work, waits for it, and takes its failure for an answer', async () => {
  const begun = Promise.withResolvers<AbortSignal>();
  const end = Promise.withResolvers<undefined>();
  const work = async (signal: AbortSignal) => {
    begun.resolve(signal);
    await end.promise;
    throw new Error('cut off');
  };
  const repeating = new Repeating({ work, pauseMs: 0, onError: noError });
  await repeating.start();
  const signal = await begun.promise;
  expect(isStopping(signal)).toBe(false);
  let stopped = false;
  const stops = [repeating.stop(), repeating.stop()].map((stop) =>
    stop.then(() => {
      stopped = true;
    }),
  );
  expect(isStopping(signal)).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(stopped).toBe(false);
  end.resolve(undefined);
  await Promise.all(stops);
  await repeating.stop();
});

test('what was stopped before it was started does nothing', async () => {
  let rounds = 0;
  const work = () => {
    rounds++;
    return Promise.resolve();
  };
  const repeating = new Repeating({ work, pauseMs: 0, onError: noError });
  await repeating.stop();
  await repeating.start();
  await repeating.stop();
  expect(rounds).toBe(0);
});

test('a pause ends with its signal, before it began or while it lasts, and never fails', async () => {
  await pause(FOREVER_MS, AbortSignal.abort());
  const stopping = new AbortController();
  const paused = pause(FOREVER_MS, stopping.signal);
  stopping.abort(new Error('a reason'));
  await expect(paused).resolves.toBeUndefined();
  await expect(pause(0, new AbortController().signal)).resolves.toBeUndefined();
});
