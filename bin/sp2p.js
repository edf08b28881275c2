#!/usr/bin/env node
// The command. Plain JavaScript that an old Node can read, so that it can say which one is needed.
// A clone builds what it runs whenever src/ has changed; the published package brings it.
import { existsSync } from 'node:fs';
import module from 'node:module';

const NEEDED_MAJOR = 24;
/** Commands that serve others, for days. */
const SERVING = ['registry', 'share'];
/**
 * In MB, twice that is in use. Left alone V8 lets what is young grow to 128 MB where the machine has much memory, and
 * never takes it back from who is busy; with this nothing was seen to be slower.
 */
const YOUNG = '--max-semi-space-size=8';

if (Number.parseInt(process.versions.node, 10) < NEEDED_MAJOR) {
  console.error(
    `sp2p needs Node.js ${NEEDED_MAJOR} or newer, and this is ${process.versions.node} (in a clone, "npx sp2p" brings its own)`,
  );
  process.exit(1);
}

// Compiled once, loaded quickly from then on.
module.enableCompileCache();

const command = await built();
if (SERVING.includes(process.argv[2])) restartWith(YOUNG);

const { main } = await import(command);
await main(process.argv);

/** Begins anew, as the same process, unless that was done or somebody chose otherwise: the flag counts at a start. */
function restartWith(flag) {
  const { argv0, argv, execArgv, execPath, env } = process;
  const [name] = flag.split('=');
  if (process.platform === 'win32' || `${execArgv} ${env.NODE_OPTIONS}`.includes(name)) return;
  process.execve(execPath, [argv0, ...execArgv, flag, ...argv.slice(1)]);
}

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
