// sp2p removed: what was taken off a private network, for its administrators.
import { Command } from 'commander';
import type { Network } from '../client/network.ts';
import { removals } from '../client/removals-client.ts';
import { printable } from '../protocol/names.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, option, wholeNumber } from './options.ts';
import { countText, jsonText, print, say } from './terminal.ts';

interface Flags {
  network: Network;
  limit: number;
  json?: boolean;
}

export function removedCommand(): Command {
  return withNetwork(new Command('removed'))
    .description('show what was taken off a private network')
    .addOption(
      option('--limit <count>', 'show at most so many').default(50).argParser(wholeNumber(1, 1000)),
    )
    .addOption(jsonOption())
    .action(async ({ network, limit, json }: Flags) => {
      const answer = await removals(network, limit);
      if (json) {
        print(jsonText(answer));
        return;
      }
      for (const { id, kind, subject, reason, by, at } of answer.removals) {
        const when = new Date(at).toISOString().slice(0, 10);
        const told = [by, reason].filter((text) => text !== '').map(printable);
        print(
          `${String(id).padStart(4)}  ${when}  ${kind.padEnd(7)}  ${[printable(subject), ...told].join('  ')}`,
        );
      }
      if (answer.removals.length === 0) say('Nothing is taken off.');
      if (answer.more) say(`There are more than ${countText(limit, 'removal')}.`);
    });
}
