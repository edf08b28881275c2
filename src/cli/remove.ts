// sp2p remove: takes a name, a content or a peer off a private network, for its administrators.
import { Argument, Command } from 'commander';
import type { Network } from '../client/network.ts';
import { remove } from '../client/removals-client.ts';
import type { RemovalKind } from '../protocol/access.ts';
import { printable } from '../protocol/names.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, option } from './options.ts';
import { jsonText, print, say } from './terminal.ts';

interface Flags {
  network: Network;
  reason?: string;
  json?: boolean;
}

const KINDS: RemovalKind[] = ['name', 'content', 'peer'];

export function removeCommand(): Command {
  return withNetwork(new Command('remove'))
    .description('take something off a private network')
    .addArgument(new Argument('<what>', 'what is taken off').choices(KINDS))
    .argument('<subject>', 'the name; the root of a content; the id of a peer')
    .addOption(option('--reason <text>', 'why, for other administrators'))
    .addOption(jsonOption())
    .action(async (kind: RemovalKind, subject: string, { network, reason, json }: Flags) => {
      const removal = await remove(network, { kind, subject, ...(reason && { reason }) });
      if (json) print(jsonText(removal));
      else
        say(
          `${printable(removal.subject)} is taken off. "sp2p restore ${removal.id}" brings it back.`,
        );
    });
}
