// sp2p keys: who may come into a private network, for its administrators.
import { Argument, Command, InvalidArgumentError } from 'commander';
import { createKey, keysOf, revokeKey, rotateTicketKeys } from '../client/keys-client.ts';
import type { Network } from '../client/network.ts';
import { ROLES, type Role } from '../protocol/access.ts';
import { isLoopback } from '../protocol/endpoints.ts';
import { CodedError } from '../protocol/errors.ts';
import { formatJoinLink } from '../protocol/join-link.ts';
import { printable } from '../protocol/names.ts';
import { withNetwork } from './networks.ts';
import { jsonOption, option } from './options.ts';
import { countText, jsonText, print, say } from './terminal.ts';
import { parseTime } from './times.ts';

const KEY_ID = /^[0-9a-f]{16}$/;

interface Flags {
  network: Network;
  role: Role;
  expires?: number;
  json?: boolean;
}

const ACTIONS: Record<string, (subject: string | undefined, flags: Flags) => Promise<void>> = {
  create,
  list,
  revoke,
  rotate,
};

export function keysCommand(): Command {
  return withNetwork(new Command('keys'))
    .description('look after the keys of a private network')
    .addArgument(new Argument('<what>', 'what to do').choices(Object.keys(ACTIONS)))
    .argument('[whom]', 'create: whose key it is; revoke: the id of the key')
    .addOption(
      option('--role <role>', 'create: what the key may do').choices(ROLES).default('member'),
    )
    .addOption(
      option(
        '--expires <when>',
        'create: when it ends: 12h, 30d, 4w, or a day, 2027-01-31',
      ).argParser((text: string) => endIn(text, Date.now())),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
create prints the join link of a new key, once: hand it on in secret.
list shows the keys, never themselves. revoke ends one at once, with all that came with it.
rotate has tickets signed with a new key; those that were given out hold to their end.`,
    )
    .action((what: string, whom: string | undefined, flags: Flags) => ACTIONS[what]?.(whom, flags));
}

async function create(name: string | undefined, flags: Flags): Promise<void> {
  if (name === undefined) throw usage('Whose key is it? sp2p keys create NAME');
  const { network, role, expires = null, json } = flags;
  const { key, ...made } = await createKey(network, { name, role, expires });
  const link = formatJoinLink({ url: network.url, pin: network.pin, key });
  if (json) {
    print(jsonText({ ...made, link }));
    return;
  }
  print(link);
  say(
    `The join link of ${printable(made.name)} (${role}, ${endText(made.expires)}), shown this once: hand it on in secret.`,
  );
  if (isLoopback(network.url.hostname.replace(/^\[(.*)\]$/, '$1')))
    say('It names this machine as 127.0.0.1: others need its address in the place of that.');
}

async function list(_whom: string | undefined, { network, json }: Flags): Promise<void> {
  const keys = await keysOf(network);
  if (json) {
    print(jsonText({ keys }));
    return;
  }
  for (const { id, name, role, expires } of keys)
    print(`${id}  ${role.padEnd(6)}  ${endText(expires).padEnd(16)}  ${printable(name)}`);
  say(`${countText(keys.length, 'key')}.`);
}

async function revoke(id: string | undefined, { network, json }: Flags): Promise<void> {
  // What stands in a command can be read by others: an id may, a key may not.
  if (id === undefined || !KEY_ID.test(id))
    throw usage('sp2p keys revoke ID, with an id that "sp2p keys list" shows: 16 hex digits');
  await revokeKey(network, id);
  if (json) print(jsonText({ revoked: id }));
  else say(`The key ${id} is refused from now on, and what came with it is gone.`);
}

async function rotate(_whom: string | undefined, { network, json }: Flags): Promise<void> {
  await rotateTicketKeys(network);
  if (json) print(jsonText({ rotated: true }));
  else say('Tickets are signed with a new key; those that were given out hold to their end.');
}

function endText(expires: number | null): string {
  return expires === null ? 'never ends' : `until ${new Date(expires).toISOString().slice(0, 10)}`;
}

/** Milliseconds since 1970. */
function endIn(text: string, now: number): number {
  const end = parseTime(text, now, 1);
  if (end !== undefined && end > now) return end;
  throw new InvalidArgumentError('It is a time to come: 12h, 30d, 4w, or a day, 2027-01-31.');
}

function usage(message: string): CodedError {
  return new CodedError('bad-usage', message);
}
