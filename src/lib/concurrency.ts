// Bounded parallel work over a sequence.

/** Applies `work` to every item, at most `limit` at a time; the first failure rejects, once all that had begun has ended. */
export async function forEachOf<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failed: { error: unknown } | undefined;
  async function worker(): Promise<void> {
    try {
      for (let next = rest.next(); !next.done && !failed; next = rest.next())
        await work(next.value);
    } catch (error) {
      failed ??= { error };
    }
  }
  await Promise.all(Array.from({ length: limit }, worker));
  if (failed) throw failed.error;
}
