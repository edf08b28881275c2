#!/usr/bin/env node
// The command. Plain JavaScript that an old Node can read, so that it can say which one is needed.
// A clone runs the TypeScript in src/ as it is; the published package has dist/ in its place.
import { existsSync } from 'node:fs';
import module from 'node:module';

const NEEDED_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) {
  console.error(
    `sp2p needs Node.js ${NEEDED_MAJOR} or newer, and this is ${process.versions.node} (in a clone, "npx sp2p" brings its own)`,
  );
  process.exit(1);
}

// Compiled once, loaded quickly from then on.
module.enableCompileCache();

const source = new URL('../src/cli/main.ts', import.meta.url);
const { main } = await import(
  existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href
);
await main(process.argv);
