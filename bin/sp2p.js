#!/usr/bin/env node
// The command. Plain JavaScript that an old Node can read, so that it can say which one is needed.
// A clone builds what it runs whenever src/ has changed; the published package brings it.
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

const { main } = await import(await built());
await main(process.argv);

/** Where the command is. */
async function built() {
  const builder = new URL('../scripts/command.ts', import.meta.url);
  if (existsSync(builder))
    try {
      const { buildCommand } = await import(builder.href);
      await buildCommand();
    } catch (error) {
      console.error(`sp2p runs from its sources, and starts slowly: ${error.message}`);
      return new URL('../src/cli/main.ts', import.meta.url).href;
    }
  return new URL('../dist/command/main.js', import.meta.url).href;
}
