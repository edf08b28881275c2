// What is fetched once and then kept; a failure is not kept.

/** The same promise for all who ask, a new one after a failure. */
export function remembered<T>(fetched: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined;
  return () =>
    (kept ??= fetched().catch((error: unknown) => {
      kept = undefined;
      throw error;
    }));
}
