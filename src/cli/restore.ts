// sp2p restore: brings back what was taken off a private network.
import { Command } from 'commander';
import type { Network } from '../client/network.ts';
import { restore } from '../client/removals-client.ts';
import { printable } from '../protocol/names.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, wholeNumber } from './options.ts';
import { jsonText, print, say } from './terminal.ts';

interface Flags {
  network: Network;
  json?: boolean;
}

export function restoreCommand(): Command {
  return withNetwork(new Command('restore'))
    .description('bring back what was taken off a private network')
    .argument('<id>', 'the number that "sp2p removed" shows', wholeNumber(1, 999_999_999_999))
    .addOption(jsonOption())
    .action(async (id: number, { network, json }: Flags) => {
      const undone = await restore(network, id);
      if (json) print(jsonText(undone));
      else say(`${printable(undone.subject)} comes back with those who have it.`);
    });
}
