// sp2p networks: the private networks that were joined, without their keys.
import { Command } from 'commander';
import { networksOption, readNetworks } from './networks.ts';
import { jsonOption } from './options.ts';
import { jsonText, print, say } from './terminal.ts';

interface Flags {
  networks: string;
  json?: boolean;
}

export function networksCommand(): Command {
  return new Command('networks')
    .description('show the private networks that were joined')
    .addOption(networksOption())
    .addOption(jsonOption())
    .action(async ({ networks: file, json = false }: Flags) => {
      const joined = await readNetworks(file);
      const networks = joined.networks.map((network) => ({
        registry: network.url.origin,
        isPinned: network.pin !== undefined,
        isDefault: network === joined.default,
      }));
      if (json) print(jsonText({ networks }));
      else
        for (const { registry, isPinned, isDefault } of networks)
          print(
            `${isDefault ? '*' : ' '} ${registry}  ${isPinned ? 'certificate of its own, pinned' : 'certificate that the system trusts'}`,
          );
      if (networks.length === 0 && !json) say('No network was joined; "sp2p join" does.');
    });
}
