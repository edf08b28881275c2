// sp2p search: finds names that contain a text.
import { Command } from 'commander';
import { connectRegistry } from '../client/registry-client.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import type { Found, SearchAnswer } from '../protocol/schemas.ts';
import { jsonOption, option, registryOption, wholeNumber } from './options.ts';
import { bytesText, countText, jsonText, print, say } from './terminal.ts';

interface Flags {
  registry: URL;
  limit: number;
  json?: boolean;
}

export function searchCommand(): Command {
  return new Command('search')
    .description('find names that contain a text')
    .argument('<text...>', 'what to look for; of several words a name must hold each')
    .addOption(registryOption())
    .addOption(
      option('--limit <count>', 'show at most so many').default(50).argParser(wholeNumber(1, 1000)),
    )
    .addOption(jsonOption())
    .action(async (words: string[], flags: Flags) => {
      const text = words.join(' ');
      const answer = await searchFor(text, flags.registry, flags.limit);
      if (flags.json) print(jsonText(answer));
      else for (const found of answer.found) print(foundText(found));
      if (answer.found.length === 0)
        throw new CodedError('not-known', `No name contains "${text}".`);
      if (answer.more && !flags.json)
        say(
          `There are more than ${countText(flags.limit, 'name')}; --limit shows more, further words fewer.`,
        );
    });
}

/** Searches, and says so where the registry can do less than one expects. */
export async function searchFor(text: string, url: URL, limit: number): Promise<SearchAnswer> {
  const registry = await connectRegistry(url);
  if (registry.contract === 'exercise')
    say(
      'This registry knows the exercise’s contract alone: it finds whole names, not parts of them.',
    );
  return registry.search(text, limit);
}

/** Holders, size, day and name of what was found, in columns; that one name has several contents, too. */
export function foundText({ name, size, modified, holders, versions }: Found): string {
  const day = modified === null ? '' : new Date(modified).toISOString().slice(0, 10);
  const several = versions > 1 ? ` (${countText(versions, 'version')})` : '';
  return `${String(holders).padStart(4)}×  ${(size === null ? '?' : bytesText(size)).padStart(8)}  ${day.padEnd(10)}  ${printable(name)}${several}`;
}
