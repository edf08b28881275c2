// An answer within a time, or none: for what cannot be aborted from here.

/** What `work` comes to, or an error once `ms` milliseconds have passed; the work itself goes on. */
export async function withinTime<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new Error(`no answer within ${ms} ms`));
  }, ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
