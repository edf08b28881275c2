// The parsers of texts: names, endpoints, ranges, tags, sets of pieces, rates, queries.
import { isIP } from 'node:net';
import { posix, win32 } from 'node:path';
import { parseLimits } from '../../src/cli/limits.ts';
import { parseBytes, parseRate } from '../../src/cli/rates.ts';
import { endpointText, parseAddress, parseEndpoint } from '../../src/protocol/endpoints.ts';
import { parseRoot } from '../../src/protocol/merkle.ts';
import {
  faultAsFileName,
  isName,
  lastSegment,
  MAX_NAME_BYTES,
  namePath,
  parseName,
  parseNamePath,
  printable,
  printableJson,
} from '../../src/protocol/names.ts';
import { parseRanges, rangesText } from '../../src/protocol/piece-set.ts';
import {
  isStrongTag,
  listHoldsTag,
  parseContentRange,
  parseRange,
} from '../../src/protocol/ranges.ts';
import { parseBase } from '../../src/registry/routes/exercise.ts';
import { fold, leafOf, rankOf, wantedBy } from '../../src/registry/store/search-text.ts';
import { answerOf, must, textParser, type Parser } from './parser.ts';

const NAMES = [
  'a.txt',
  'Lectures/2 Application Layer.pdf',
  'zażółć/日本語 🎉.md',
  'é'.normalize('NFD'),
  'a/b/c/d',
  '100% + #1 ?&=;.txt',
  'con.txt',
  'x'.repeat(255),
];
const STEERING = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const name = textParser({
  name: 'name',
  good: NAMES,
  refuses: ['bad-name'],
  parse: parseName,
  format: (value) => value,
  check: (value, text) => {
    must(isName(text) && isName(value), 'isName says otherwise', text);
    must(value === value.normalize('NFC') && value.isWellFormed(), 'not normal', value);
    must(Buffer.byteLength(value) <= MAX_NAME_BYTES, 'too long', value);
    must(!/[\p{Cc}\\]/u.test(value), 'controls or backslashes', value);
    must(posix.join('/share', value) === `/share/${value}`, 'leads elsewhere', value);
    must(!win32.isAbsolute(value), 'absolute on Windows', value);
    must(parseNamePath(namePath(value)) === value, 'lost in a path', value);
    const { pathname, search, hash } = new URL(`http://p/files/${namePath(value)}`);
    must(pathname === `/files/${namePath(value)}` && search + hash === '', 'lost in a URL', value);
    for (const platform of ['linux', 'win32']) {
      const path = platform === 'win32' ? win32 : posix;
      const segment = lastSegment(value);
      if (faultAsFileName(segment, platform) === undefined)
        must(
          path.dirname(path.join('x/y', segment)) === path.join('x/y'),
          'a file elsewhere',
          segment,
        );
    }
  },
});

const namePathParser = textParser({
  name: 'name-path',
  good: NAMES.map(namePath),
  refuses: ['bad-name'],
  parse: parseNamePath,
  format: namePath,
});

const shown: Parser = {
  name: 'printable',
  good: [...NAMES, 'gpj.\u202eexe', '\u001b[2J', '👩‍👩‍👧', JSON.stringify({ a: 'b\u0007' })],
  judge: (input) => {
    // What is no UTF-8 is made a lone surrogate here, which JSON may hold.
    const text = input.toString('utf16le');
    must(!STEERING.test(printable(text)), 'steers a terminal', text);
    must(printable(printable(text)) === printable(text), 'escaped twice', text);
    const json = JSON.stringify({ text });
    must(!STEERING.test(printableJson(json)), 'steers a terminal', text);
    must((JSON.parse(printableJson(json)) as { text: string }).text === text, 'says another', text);
  },
};

const address = textParser({
  name: 'address',
  good: [
    '127.0.0.1',
    'localhost',
    '::1',
    '2001:db8::1',
    '::ffff:192.0.2.7',
    '[fe80::1%eth0]',
    '::1.2.3.4',
  ],
  refuses: ['bad-endpoint'],
  parse: parseAddress,
  format: (value) => value,
  check: (value) => {
    must(isIP(value) !== 0, 'no address to net', value);
    must(!/^::ffff:([\d.]+\.|[\da-f]+:)[\d.a-f]+$/.test(value), 'IPv4 in IPv6', value);
  },
});

const endpoint: Parser = {
  name: 'endpoint',
  good: [
    { ipAddress: '192.0.2.7', port: 7771 },
    { IpAddress: '::1', PORT: '80' },
    { ipAddress: 'localhost', port: 65535 },
  ],
  judge: (input) => {
    const value = jsonOr(input);
    const parsed = answerOf(['bad-endpoint'], () => parseEndpoint(value));
    if (!parsed) return;
    const again = parseEndpoint(parsed);
    must(endpointText(again) === endpointText(parsed), 'read again it is another', parsed, again);
    must(Object.keys(parsed).join() === 'ipAddress,port', 'further members', parsed);
    const { host, port } = new URL(`http://${endpointText(parsed)}`);
    must(port === String(parsed.port) || parsed.port === 80, 'another port in a URL', parsed);
    must(
      host.startsWith(endpointText(parsed).replace(/:\d+$/, '')),
      'another host in a URL',
      parsed,
    );
  },
};

const range: Parser = {
  name: 'range',
  good: [
    '26 bytes=5-9',
    '26 bytes=5-',
    '26 bytes=-5',
    '0 bytes=0-0',
    '9007199254740991 bytes=1-2',
    '5 items=0-1',
  ],
  judge: (input) => {
    const { first, rest } = splitSize(input);
    const parsed = parseRange(rest, first);
    if (typeof parsed === 'string') return;
    const { start, end } = parsed;
    must(Number.isSafeInteger(start) && Number.isSafeInteger(end), 'no whole numbers', parsed);
    must(start >= 0 && start <= end && end < first, 'outside of the content', parsed, first);
    const again = parseRange(`bytes=${start}-${end}`, first);
    must(typeof again === 'object' && again.start === start && again.end === end, 'another', again);
  },
};

const contentRange = textParser({
  name: 'content-range',
  good: ['bytes 0-4/26', 'bytes 5-5/6', 'bytes 0-0/999999999999999'],
  refuses: [],
  parse: parseContentRange,
  format: (value) => (value ? `bytes ${value.start}-${value.end}/${value.size}` : ''),
  check: (value) => {
    if (value) must(value.start <= value.end && value.end < value.size, 'outside', value);
  },
});

const tags: Parser = {
  name: 'entity-tags',
  good: [`"${'8f'.repeat(32)}"`, `W/"${'8f'.repeat(32)}", "b"`, '*', '"a","b"'],
  judge: (input) => {
    const text = input.toString('latin1');
    must(typeof listHoldsTag(text, `"${'8f'.repeat(32)}"`) === 'boolean', 'no answer', text);
    if (isStrongTag(text))
      must(
        [...input].every((byte) => byte > 32 && byte !== 127),
        'no header can hold it',
        text,
      );
  },
};

const pieces: Parser = {
  name: 'ranges-of-pieces',
  good: ['64 0-5,7', '64 ', '64 63', '1 0', '1024 0-1023', '40 0,2,4,6-9,39'],
  judge: (input) => {
    const { first, rest } = splitSize(input);
    const length = first % 5000;
    const named = answerOf(['bad-request'], () => [...parseRanges(rest, length)]);
    if (!named) return;
    let last = -1;
    for (const piece of named) {
      must(Number.isInteger(piece) && piece > last && piece < length, 'not in order', named);
      last = piece;
    }
    const text = rangesText(named);
    must([...parseRanges(text, length)].join() === named.join(), 'read again it is another', text);
    must(text.length <= rest.length, 'longer than what was said', text, rest);
  },
};

const root = textParser({
  name: 'root',
  good: ['8f'.repeat(32), '8F'.repeat(32)],
  refuses: ['bad-root'],
  parse: parseRoot,
  format: (value) => value,
  check: (value) => {
    must(/^[0-9a-f]{64}$/.test(value), 'not canonical', value);
  },
});

const rate: Parser = {
  name: 'rate',
  good: ['500K', '1.5M', '2MiB/s', '16Mbit', 'none', '0', '100kbit/s'],
  judge: (input) => {
    const text = input.toString();
    const parsed = parseRate(text);
    if (parsed !== undefined) must(parsed >= 1 && !(parsed % 1), 'no rate', text, parsed);
    const bytes = parseBytes(text);
    if (bytes === undefined) return;
    must(Number.isSafeInteger(bytes) && bytes >= 0, 'no size', text, bytes);
    must(parseBytes(String(bytes)) === bytes || bytes >= 1e15, 'another size', text, bytes);
  },
};

const limits: Parser = {
  name: 'limits-file',
  good: [{ maxUpload: '2M', maxDownload: 1000 }, { maxUpload: 'none' }, {}],
  judge: (input) => {
    const text = input.toString();
    let parsed: object;
    try {
      parsed = parseLimits(text);
    } catch (error) {
      must(
        error instanceof Error && error.constructor === Error,
        'another exception',
        String(error),
      );
      return;
    }
    for (const each of Object.values(parsed)) must(Number(each) >= 1, 'no rate', parsed);
  },
};

const base = textParser({
  name: 'base',
  good: ['api/powernap', '/x/y/', 'api/Registers', 'a-b.c~d'],
  refuses: ['bad-usage'],
  parse: parseBase,
  format: (value) => value,
  check: (value) => {
    must(new URL(`http://h/${value}`).pathname === `/${value}`, 'another path in a URL', value);
  },
});

const query: Parser = {
  name: 'search-text',
  good: ['application layer', 'Straße ẞ ΣΑΣ', 'İstanbul ﬁ', 'a b c d e f g h i j', '   ', 'é̂'],
  judge: (input) => {
    const text = input.toString();
    const wanted = wantedBy(text);
    must(
      wanted.words.every((word) => word.trim() !== ''),
      'an empty word',
      wanted,
    );
    must(wanted.words.length <= 8, 'too many words', wanted);
    const folded = fold(text);
    if (wanted.words.every((word) => folded.includes(word)))
      must([0, 1, 2, 3].includes(rankOf(folded, wanted)), 'no rank', text);
    must(folded.endsWith(leafOf(folded)), 'a segment of another name', text);
  },
};

export const TEXTS: readonly Parser[] = [
  ...[name, namePathParser, shown, address, endpoint, range, contentRange, tags],
  ...[pieces, root, rate, limits, base, query],
];

/** JSON, or where it is none, the text. */
export function jsonOr(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString());
  } catch {
    return input.toString();
  }
}

/** `26 rest`: a size, which is right, and what is to be parsed, which may be anything. */
function splitSize(input: Buffer): { first: number; rest: string } {
  const text = input.toString('latin1');
  const at = text.indexOf(' ');
  const number = Number(text.slice(0, Math.max(0, at)));
  return {
    first: Number.isSafeInteger(number) && number >= 0 ? number : 26,
    rest: text.slice(at + 1),
  };
}
