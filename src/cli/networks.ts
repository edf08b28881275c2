// The private networks that this user has joined, in a file for nobody else's eyes, and which of them a
// command means.
import type { Command, Option } from 'commander';
import envPaths from 'env-paths';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/schema';
import { join } from 'node:path';
import { placeOf, type Network } from '../client/network.ts';
import { privateText, writePrivateFile } from '../lib/private-file.ts';
import { CodedError } from '../protocol/errors.ts';
import { isKey, isPin, type JoinLink } from '../protocol/join-link.ts';
import { option, registryOption } from './options.ts';

/** Nobody is in more. */
const MAX_NETWORKS = 100;
const MAX_FILE_BYTES = 64 * 1024;

const DEFAULT_REGISTRY = new URL('http://127.0.0.1:7770');

const FileSchema = Type.Object(
  {
    networks: Type.Array(
      Type.Object(
        { url: Type.String(), pin: Type.Optional(Type.String()), key: Type.String() },
        { additionalProperties: false },
      ),
      { maxItems: MAX_NETWORKS },
    ),
    default: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);

/** Those that were joined, and the one that is meant where nothing is said. */
export interface Joined {
  networks: JoinLink[];
  default: JoinLink | undefined;
}

/** Gives a command the flags that say which network it is about; its action finds it in `network`. */
export function withNetwork(command: Command): Command {
  return command
    .addOption(registryOption())
    .addOption(networksOption())
    .hook('preAction', async (_command, called) => {
      if (called !== command) return;
      const { registry, networks } = called.opts<{ registry?: URL; networks: string }>();
      called.setOptionValue('network', networkOf(registry, await readNetworks(networks)));
    });
}

export function networksOption(): Option {
  return option('--networks <file>', 'where the networks are kept that were joined').default(
    join(envPaths('sp2p', { suffix: '' }).config, 'networks.json'),
  );
}

/** A registry that was joined is spoken to as its link said, however it is named. */
function networkOf(registry: URL | undefined, joined: Joined): Network {
  if (!registry) return joined.default ?? { url: DEFAULT_REGISTRY };
  return joinedAt(registry, joined.networks) ?? { url: registry };
}

export function joinedAt(registry: URL, networks: JoinLink[]): JoinLink | undefined {
  const { host, port } = placeOf(registry);
  return networks.find(({ url }) => {
    const place = placeOf(url);
    return place.host === host && place.port === port;
  });
}

/**
 * None where there is no file.
 *
 * @throws CodedError `cannot-open-data` for a file that others can read, or that is none of networks: what
 * is meant for a private network is not said to an open one instead
 */
export async function readNetworks(file: string): Promise<Joined> {
  const text = await privateText(file, MAX_FILE_BYTES);
  if (text === undefined) return { networks: [], default: undefined };
  const kept = parsed(text);
  const networks = kept?.networks.map(networkIn);
  if (!kept || !networks?.every((each) => each !== undefined))
    throw new CodedError(
      'cannot-open-data',
      `${file} does not hold the networks that were joined: remove it, and join anew.`,
    );
  return { networks, default: networks.find(({ url }) => url.href === kept.default) };
}

/** @throws CodedError `cannot-open-data` */
export async function writeNetworks(file: string, joined: Joined): Promise<void> {
  const kept: Static<typeof FileSchema> = {
    networks: joined.networks.map(({ url, pin, key }) => ({
      url: url.href,
      ...(pin !== undefined && { pin }),
      key,
    })),
    default: joined.default?.url.href ?? null,
  };
  await writePrivateFile(file, `${JSON.stringify(kept, null, 2)}\n`);
}

function parsed(text: string): Static<typeof FileSchema> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Check(FileSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function networkIn(kept: Static<typeof FileSchema>['networks'][number]): JoinLink | undefined {
  const url = URL.parse(kept.url);
  const { pin, key } = kept;
  const isOne = url?.protocol === 'https:' && url.href === `${url.origin}/`;
  if (!isOne || !isKey(key) || !(pin === undefined || isPin(pin))) return undefined;
  return { url, key, ...(pin !== undefined && { pin }) };
}
