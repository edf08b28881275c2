// What sp2p registry does for a private network: its certificate, and the join link of its first administrator.
import type { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { createSecureContext } from 'node:tls';
import { pinOfOwn } from '../lib/pin.ts';
import { writePrivateFile } from '../lib/private-file.ts';
import { CodedError } from '../protocol/errors.ts';
import { formatJoinLink } from '../protocol/join-link.ts';
import type { PrivateOptions } from '../registry/access/private-network.ts';
import { print, say } from './terminal.ts';

export interface PrivateFlags {
  private?: boolean;
  tlsCert?: string;
  tlsKey?: string;
  linkFile?: string;
  openExercise?: boolean;
  json?: boolean;
}

/**
 * What the flags say of a private network; undefined: it is open.
 *
 * @param portOf where it listens, asked once it does
 * @throws CodedError `bad-usage`
 */
export async function privateOptions(
  flags: PrivateFlags,
  host: string,
  advertise: string | undefined,
  portOf: () => number,
): Promise<PrivateOptions | undefined> {
  const { tlsCert, tlsKey, linkFile, openExercise = false } = flags;
  if (!flags.private) {
    if (tlsCert ?? tlsKey ?? linkFile ?? (openExercise || undefined))
      throw new CodedError(
        'bad-usage',
        '--tls-cert, --tls-key, --link-file and --open-exercise go with --private.',
      );
    return undefined;
  }
  if (openExercise)
    say(
      'Warning: with --open-exercise anybody who reaches this port reads every name and registers what they like, unencrypted.',
    );
  return {
    certificate: await certificateIn(tlsCert, tlsKey),
    openExercise,
    names: advertise === undefined ? [] : [advertise],
    onFirstKey: (key, certificate) => {
      const pin = pinOfOwn(certificate);
      const name = pin === undefined ? nameIn(certificate) : undefined;
      const place = name ?? hostInUrl(advertise ?? reachedAt(host));
      const url = new URL(`https://${place}:${portOf()}/`);
      const link = formatJoinLink({ url, pin, key });
      handOut(link, flags).catch((error: unknown) => {
        // It is known nowhere else: better here than nowhere.
        say(error instanceof Error ? error.message : String(error));
        print(link);
      });
    },
  };
}

async function handOut(link: string, { linkFile: file, json }: PrivateFlags): Promise<void> {
  if (file !== undefined) await writePrivateFile(file, `${link}\n`);
  else print(json ? JSON.stringify({ joinLink: link }) : link);
  if (json) return;
  say(
    `${file === undefined ? 'Above is' : `In ${file} is`} the administrator’s join link, told this once: paste it into "sp2p join", and keep it secret.`,
  );
}

/** @throws CodedError `bad-usage` */
async function certificateIn(certFile: string | undefined, keyFile: string | undefined) {
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined)
    throw new CodedError('bad-usage', '--tls-cert and --tls-key go together.');
  const [cert, key] = await Promise.all([certFile, keyFile].map(textOf));
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    // What OpenSSL says tells nothing of the key.
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError(
      'bad-usage',
      `${certFile} and ${keyFile} are no certificate and its key in PEM: ${why}.`,
      { cause },
    );
  }
  return { cert: cert ?? '', key: key ?? '' };
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new CodedError('bad-usage', `${file} cannot be read: ${code}.`, { cause });
  });
}

/** The first host that a certificate is for. */
function nameIn({ subjectAltName = '' }: X509Certificate): string | undefined {
  return /(?:^|, )DNS:([\w.-]+)/.exec(subjectAltName)?.[1];
}

/** An address of this machine for others, where it listens on all of them. */
function reachedAt(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = addresses.find(({ internal, family }) => !internal && family === 'IPv4');
  return own?.address ?? '127.0.0.1';
}

export function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
