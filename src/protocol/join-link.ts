// The one line that lets a person into a private network: where its registry is, which certificate that has,
// and the key. The secrets are behind the #, which no program sends when it asks for a URL.
import { CodedError } from './errors.ts';

export interface JoinLink {
  /** Of the registry: https, a host and a port. */
  url: URL;
  /** base64url of the SHA-256 of the certificate's public key; undefined: the system knows who signed it. */
  pin?: string | undefined;
  key: string;
}

/** Longer than any that is right. */
const MAX_LENGTH = 1_024;
const DEFAULT_PORT = 7770;

/** 32 bytes in base64url: the last letter carries four bits. */
const BYTES_32 = '[\\w-]{42}[AEIMQUYcgkosw048]';
const PIN_FORM = new RegExp(`^${BYTES_32}$`);
const KEY_FORM = new RegExp(`^sp2p_[0-9a-f]{16}_${BYTES_32}$`);

export function isPin(text: string): boolean {
  return PIN_FORM.test(text);
}

/** Whether a text can be the key of a private network. */
export function isKey(text: string): boolean {
  return KEY_FORM.test(text);
}

/**
 * `sp2p://HOST:PORT/#pin=…&key=…`, with whatever blanks are around it. A port that is left out is 7770.
 *
 * @throws CodedError `bad-join-link`; the message repeats nothing of it
 */
export function parseJoinLink(text: string): JoinLink {
  const link = text.trim();
  const [, place = '', secrets = ''] = /^sp2p:\/\/([^/?#@\\\s]+)\/?#(\S+)$/i.exec(link) ?? [];
  if (link.length > MAX_LENGTH || place === '')
    throw bad('it looks like sp2p://HOST:PORT/#pin=…&key=…, in one line');
  const port = /:\d+$/.test(place) ? '' : `:${DEFAULT_PORT}`;
  const url = URL.parse(`https://${place}${port}/`);
  if (!url) throw bad('its address is none');
  const { pin, key, ...others } = membersOf(secrets);
  if (key === undefined || !isKey(key)) throw bad('its key is not whole');
  if (pin !== undefined && !isPin(pin)) throw bad('its pin is not whole');
  if (Object.keys(others).length > 0) throw bad('it says more than this version understands');
  return { url, key, ...(pin !== undefined && { pin }) };
}

/** The link of a key. @param url of the registry; only its host and port count */
export function formatJoinLink({ url, pin, key }: JoinLink): string {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return `sp2p://${url.hostname}:${port}/#${pin === undefined ? '' : `pin=${pin}&`}key=${key}`;
}

/** Each once. */
function membersOf(secrets: string): Record<string, string | undefined> {
  const members: Record<string, string | undefined> = {};
  for (const member of secrets.split('&')) {
    const [, name = '', value] = /^([a-z]+)=(.*)$/.exec(member) ?? [];
    if (value === undefined || Object.hasOwn(members, name)) throw bad('it is not whole');
    members[name] = value;
  }
  return members;
}

function bad(why: string): CodedError {
  return new CodedError('bad-join-link', `This is no join link: ${why}. Copy the whole of it.`);
}
