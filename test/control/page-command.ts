// A command with the flags of the page and a peer in memory behind it, as a process of its own. Says
// `ready` once the page is there, or that there is none.
import { Command } from 'commander';
import { once } from 'node:events';
import { startPage, withPage } from '../../src/cli/peer-page.ts';
import { createLog } from '../../src/lib/log.ts';
import { MemoryPeer } from './memory-peer.ts';

const command = withPage(new Command('share'))
  .option('--json')
  .action(async () => {
    const server = await startPage(command, {
      controlled: new MemoryPeer('/tmp'),
      network: { url: new URL('http://127.0.0.1:9') },
      log: createLog('silent'),
    });
    process.stdout.write(`${JSON.stringify({ event: 'ready', page: server !== undefined })}\n`);
    // Where there is no page, nothing else keeps the process until it is told to end.
    const awake = setInterval(() => undefined, 60_000);
    await once(process, 'SIGTERM');
    clearInterval(awake);
    await server?.stop();
  });
await command.parseAsync();
