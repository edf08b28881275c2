// Join links: what comes out is what went in, and nothing else is taken for one.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CodedError } from './errors.ts';
import { formatJoinLink, isKey, parseJoinLink } from './join-link.ts';

const PIN = 'A'.repeat(43);
const KEY = `sp2p_0123456789abcdef_${'-_'.repeat(21)}8`;

const base64url = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));
const hosts = fc.oneof(
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.domain(),
);

test('a link says what it was made of', () => {
  fc.assert(
    fc.property(
      ...([hosts, fc.integer({ min: 1, max: 65_535 }), fc.option(base64url), base64url] as const),
      (host, port, pin, secret) => {
        const url = URL.parse(`https://${host}:${port}/`);
        fc.pre(url !== null);
        const key = `sp2p_00112233445566ff_${secret}`;
        const link = { url, key, ...(pin !== null && { pin }) };
        expect(parseJoinLink(` \n${formatJoinLink(link)}\t`)).toEqual(link);
      },
    ),
  );
});

test.each([
  ['sp2p://h:1/#pin=', `sp2p://h:1/#pin=&key=${KEY}`],
  ['no key', `sp2p://h:1/#pin=${PIN}`],
  ['half a key', `sp2p://h:1/#pin=${PIN}&key=${KEY.slice(0, -1)}`],
  ['half a pin', `sp2p://h:1/#pin=${PIN.slice(1)}&key=${KEY}`],
  ['two keys', `sp2p://h:1/#key=${KEY}&key=${KEY}`],
  ['more than is known', `sp2p://h:1/#key=${KEY}&more=1`],
  ['an object’s own words', `sp2p://h:1/#key=${KEY}&constructor=1`],
  ['a path', `sp2p://h:1/a#key=${KEY}`],
  ['a query', `sp2p://h:1/?a#key=${KEY}`],
  ['a user', `sp2p://u@h:1/#key=${KEY}`],
  ['a port that is none', `sp2p://h:99999/#key=${KEY}`],
  ['no host', `sp2p:///#key=${KEY}`],
  ['another scheme', `https://h:1/#key=${KEY}`],
  ['two lines', `sp2p://h:1/#pin=${PIN}&\nkey=${KEY}`],
  ['a letter that no 32 bytes have', `sp2p://h:1/#key=${KEY.slice(0, -1)}9`],
  ['nothing', ''],
  ['a book', `sp2p://h:1/#key=${KEY}${'a'.repeat(10_000)}`],
])('%s is none, and nothing of it is repeated', (_what, text) => {
  const failure = caught(() => parseJoinLink(text));
  expect(failure).toMatchObject({ code: 'bad-join-link' });
  expect(String(failure)).not.toContain('0123456789abcdef');
});

test('a port that is left out is the registry’s own', () => {
  expect(parseJoinLink(`sp2p://Host.example#key=${KEY}`)).toEqual({
    url: new URL('https://host.example:7770/'),
    key: KEY,
  });
  expect(parseJoinLink(`sp2p://[::1]:443/#key=${KEY}`).url.href).toBe('https://[::1]/');
});

test('any text is a link or a typed error', () => {
  const pieces = fc.constantFrom(
    'sp2p://',
    'h',
    ':',
    '1',
    '/',
    '#',
    'pin=',
    PIN,
    '&',
    'key=',
    KEY,
    '%',
    '[',
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const read = caught(() => parseJoinLink(text));
      if (read instanceof CodedError) expect(read.code).toBe('bad-join-link');
      else expect(isKey((read as { key: string }).key)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
