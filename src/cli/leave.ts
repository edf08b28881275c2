// sp2p leave: forgets a private network that was joined, with its key.
import { Command } from 'commander';
import { CodedError } from '../protocol/errors.ts';
import { joinedAt, networksOption, readNetworks, writeNetworks } from './networks.ts';
import { jsonOption, parseRegistryUrl } from './options.ts';
import { jsonText, print, say } from './terminal.ts';

interface Flags {
  networks: string;
  json?: boolean;
}

export function leaveCommand(): Command {
  return new Command('leave')
    .description('forget a private network, and the key to it')
    .argument('[url]', 'which one, by its address', parseRegistryUrl)
    .addOption(networksOption())
    .addOption(jsonOption())
    .action(async (url: URL | undefined, { networks: file, json = false }: Flags) => {
      const joined = await readNetworks(file);
      const left = url ? joinedAt(url, joined.networks) : joined.default;
      if (!left)
        throw new CodedError(
          'bad-usage',
          joined.networks.length === 0
            ? 'No network was joined.'
            : 'Say which network: "sp2p networks" lists those that were joined.',
        );
      const others = joined.networks.filter((each) => each !== left);
      const next = joined.default === left ? others.at(-1) : joined.default;
      await writeNetworks(file, { networks: others, default: next });
      if (json) print(jsonText({ left: left.url.origin, default: next?.url.origin ?? null }));
      else
        say(
          `The network at ${left.url.host} is forgotten. ${next ? `Commands ask ${next.url.host} now.` : 'Commands ask a registry on this machine now.'}`,
        );
    });
}
