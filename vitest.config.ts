import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // One more than there are cores: most tests wait for processes and sockets.
    maxWorkers: availableParallelism() + 1,
    reporters: ['default', './test/harness/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'web/src/**/*.test.{ts,tsx}'],
          // Pure: they have nothing that one could leave to the next.
          isolate: false,
          // Properties are tried many times, on a machine that may be busy.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          // What a test makes it takes away itself.
          isolate: false,
          globalSetup: './test/harness/built.ts',
          // Real processes, sockets and disks on a machine that may be busy; nothing is timed here.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
    ],
  },
});
