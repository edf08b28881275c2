import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // As many as there are cores, not one less: most tests wait for processes and sockets.
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/harness/closing-line.ts'],
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'] } },
      {
        test: {
          name: 'real',
          include: ['test/**/*.test.ts'],
          // Real processes, sockets and disks on a machine that may be busy; nothing is timed here.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
