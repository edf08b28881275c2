// sp2p search: finds names that contain a text.
import { Command, InvalidArgumentError } from 'commander';
import { connectRegistry, type SearchFilters } from '../client/registry-client.ts';
import type { Network } from '../client/network.ts';
import { CodedError } from '../protocol/errors.ts';
import { printable } from '../protocol/names.ts';
import type { Found, SearchAnswer } from '../protocol/schemas.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, option, wholeNumber } from './options.ts';
import { parseBytes } from './rates.ts';
import { bytesText, countText, jsonText, print, say } from './terminal.ts';
import { parseTime } from './times.ts';

interface Flags {
  network: Network;
  limit: number;
  type?: string;
  minSize?: number;
  maxSize?: number;
  newer?: number;
  json?: boolean;
}

export function searchCommand(): Command {
  return withNetwork(new Command('search'))
    .description('find names that contain a text')
    .argument('<text...>', 'what to look for; of several words a name must hold each')
    .addOption(
      option('--limit <count>', 'show at most so many').default(50).argParser(wholeNumber(1, 1000)),
    )
    .addOption(option('--type <ending>', 'only names that end so: pdf').argParser(endingIn))
    .addOption(
      option('--min-size <bytes>', 'only contents of at least that size: 500K, 2M').argParser(
        bytesIn,
      ),
    )
    .addOption(
      option('--max-size <bytes>', 'only contents of at most that size').argParser(bytesIn),
    )
    .addOption(
      option(
        '--newer <when>',
        'only what changed since a day, 2026-01-31, or within 12h, 7d, 4w',
      ).argParser((text: string) => timeIn(text, Date.now())),
    )
    .addOption(jsonOption())
    .action(async (words: string[], flags: Flags) => {
      const text = words.join(' ');
      const answer = await searchFor(text, flags.network, flags.limit, filtersOf(flags));
      if (flags.json) print(jsonText(answer));
      else for (const found of answer.found) print(foundText(found));
      if (answer.found.length === 0)
        throw new CodedError('not-known', `No name contains "${text}"${alsoText(flags)}.`);
      if (answer.more && !flags.json)
        say(
          `There are more than ${countText(flags.limit, 'name')}; --limit shows more, further words fewer.`,
        );
    });
}

/** Searches, and says so where the registry can do less than one expects. */
export async function searchFor(
  text: string,
  network: Network,
  limit: number,
  filters: SearchFilters = {},
): Promise<SearchAnswer> {
  const registry = await connectRegistry(network);
  if (registry.contract === 'exercise')
    say(
      'This registry knows the exercise’s contract alone: it finds whole names, not parts of them, and knows neither sizes nor days.',
    );
  return registry.search(text, limit, undefined, filters);
}

/** What a name had to be besides. */
function alsoText(flags: Flags): string {
  return Object.keys(filtersOf(flags)).length > 0 ? ' and is of that type, size and age' : '';
}

function filtersOf({ type, minSize, maxSize, newer }: Flags): SearchFilters {
  return {
    ...(type !== undefined && { type }),
    ...(minSize !== undefined && { minSize }),
    ...(maxSize !== undefined && { maxSize }),
    ...(newer !== undefined && { modifiedSince: newer }),
  };
}

/** Holders, size, day and name of what was found, in columns; that one name has several contents, too. */
export function foundText({ name, size, modified, holders, versions }: Found): string {
  const day = modified === null ? '' : new Date(modified).toISOString().slice(0, 10);
  const several = versions > 1 ? ` (${countText(versions, 'version')})` : '';
  return `${String(holders).padStart(4)}×  ${(size === null ? '?' : bytesText(size)).padStart(8)}  ${day.padEnd(10)}  ${printable(name)}${several}`;
}

/** A file name's ending, whether written with its dot or not. */
function endingIn(text: string): string {
  const [, ending] = /^\.?([^./]{1,32})$/.exec(text) ?? [];
  if (ending === undefined) throw new InvalidArgumentError('It is the end of a name, such as pdf.');
  return ending;
}

function bytesIn(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === undefined)
    throw new InvalidArgumentError('It is a size, such as 500K, 2M or 1.5GB.');
  return bytes;
}

/** Milliseconds since 1970. */
function timeIn(text: string, now: number): number {
  const time = parseTime(text, now, -1);
  if (time === undefined)
    throw new InvalidArgumentError('It is a day, such as 2026-01-31, or an age: 12h, 7d, 4w.');
  return time;
}
