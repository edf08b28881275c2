// sp2p join: comes into a private network, by a link that is pasted or piped: never in the arguments.
import { isCancel, password } from '@clack/prompts';
import { Command } from 'commander';
import { keyHolderOf } from '../client/key-holder.ts';
import { CodedError } from '../protocol/errors.ts';
import { parseJoinLink } from '../protocol/join-link.ts';
import { printable } from '../protocol/names.ts';
import { joinedAt, networksOption, readNetworks, writeNetworks } from './networks.ts';
import { jsonOption, secretInArguments } from './options.ts';
import { jsonText, print, say } from './terminal.ts';

/** No link is longer, and nobody types for ever. */
const MAX_INPUT = 4 * 1024;

interface Flags {
  networks: string;
  json?: boolean;
}

export function joinCommand(): Command {
  return new Command('join')
    .description('come into a private network, by the link that you were given')
    .usage('[options]')
    .argument('[nothing...]', 'the link is asked for, or read from stdin; it is never an argument')
    .addOption(networksOption())
    .addOption(jsonOption())
    .action(async (words: string[], flags: Flags) => {
      if (words.length > 0) throw secretInArguments('"sp2p join"', 'takes no link in the command');
      await join(await linkText(), flags);
    });
}

async function join(text: string, { networks: file, json = false }: Flags): Promise<void> {
  const link = parseJoinLink(text);
  const joined = await readNetworks(file);
  const { name, role } = await keyHolderOf(link);
  const former = joinedAt(link.url, joined.networks);
  const others = joined.networks.filter((each) => each !== former);
  await writeNetworks(file, { networks: [...others, link], default: link });
  const { host } = link.url;
  if (json) print(jsonText({ registry: link.url.origin, name, role }));
  else
    say(
      `You are in the network at ${host}, as ${printable(name)} (${role}): all commands ask it now.`,
    );
}

/** Hidden where it is typed. @throws CodedError `interrupted`, `bad-join-link` */
async function linkText(): Promise<string> {
  if (process.stdin.isTTY) {
    const typed = await password({ message: 'The join link', output: process.stderr });
    if (isCancel(typed)) throw new CodedError('interrupted', 'Nothing was joined.');
    return typed;
  }
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin as AsyncIterable<string>) {
    text += chunk;
    if (text.length > MAX_INPUT) break;
  }
  return text;
}
