// Starts worker threads whose code lies beside the file that starts them: TypeScript, or JavaScript where the
// command was bundled.
import module from 'node:module';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

/** What a thread of ours throws away is small and short-lived: it needs no more room for it, in MB. */
const YOUNG_MB = 2;

/**
 * @param name of the file, without its ending
 * @param from `import.meta.url` of the file that starts it
 */
export function startWorker(name: string, from: string): Worker {
  const file = new URL(`./${name}${extname(new URL(from).pathname)}`, from);
  // A thread does not take over the compile cache: without it each would load the compiler of types.
  const cache = module.getCompileCacheDir();
  return new Worker(file, {
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    ...(cache !== undefined && { env: { ...process.env, NODE_COMPILE_CACHE: cache } }),
  });
}
