// sp2p peers: who is there, and with how much.
import { Command } from 'commander';
import { connectRegistry } from '../client/registry-client.ts';
import type { Network } from '../client/network.ts';
import { endpointText } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, option, wholeNumber } from './options.ts';
import { countText, jsonText, print, say } from './terminal.ts';

interface Flags {
  network: Network;
  limit: number;
  json?: boolean;
}

export function peersCommand(): Command {
  return withNetwork(new Command('peers'))
    .description('show who is there')
    .addOption(
      option('--limit <count>', 'show at most so many').default(50).argParser(wholeNumber(1, 1000)),
    )
    .addOption(jsonOption())
    .action(async (flags: Flags) => {
      const registry = await connectRegistry(flags.network);
      if (registry.contract === 'exercise')
        throw new CodedError(
          'bad-usage',
          'This registry knows the exercise’s contract alone: it cannot tell who is there.',
        );
      const answer = await registry.peers(flags.limit);
      if (flags.json) {
        print(jsonText(answer));
        return;
      }
      for (const { endpoint, displayName, names, contract } of answer.peers)
        print(
          `${endpointText(endpoint).padEnd(24)}  ${countText(names, 'name').padStart(14)}  ${contract.padEnd(8)}  ${printable(displayName ?? '')}`.trimEnd(),
        );
      if (answer.peers.length === 0) say('Nobody is there yet; "sp2p share FOLDER" makes a start.');
      if (answer.more) say(`There are more than ${countText(flags.limit, 'peer')}.`);
    });
}
