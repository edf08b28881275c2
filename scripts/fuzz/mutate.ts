// Inputs that are nearly right: known good ones, with a few things in them changed. Pure noise gets no further
// than the first check of a parser.
import type { Random } from './random.ts';

/** What parsers trip over: ends of number ranges, separators, encodings, words of JavaScript. */
const WORDS: readonly [string, ...string[]] = [
  'a',
  ...[
    '\0',
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\t',
    ' ',
    '/',
    '//',
    '\\',
    '.',
    '..',
    '../',
    ':',
    '%',
    '%00',
  ],
  ...[
    '%2e%2e%2f',
    '%2f',
    '%5c',
    '%zz',
    '%c0%af',
    '%ff',
    '-',
    ',',
    ';',
    '"',
    "'",
    '[',
    ']',
    '{',
    '}',
    '*',
  ],
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '00',
    '1e3',
    '1e999',
    '0x10',
    '2147483648',
    '4294967296',
    '9007199254740991',
  ],
  ...[
    '9007199254740992',
    '99999999999999999999',
    'NaN',
    'Infinity',
    'null',
    'true',
    'undefined',
    '__proto__',
  ],
  ...[
    'constructor',
    'toString',
    '\u0000',
    '\u001b[2J',
    '\u009b',
    '\u202e',
    '\u200d',
    '\ufeff',
    '\u0301',
    'ß',
  ],
  ...[
    '\u0130',
    '\u1e9e',
    '\ufb01',
    '\u212b',
    '\uac00',
    '\u{1f600}',
    '\ud800',
    '\udc00',
    '::',
    '::ffff:1.2.3.4',
  ],
  ...[
    '%eth0',
    '127.0.0.1',
    'GET ',
    ' HTTP/1.1',
    'HTTP/1.1 ',
    'Content-Length: 5\r\n',
    'CON',
    'aux.txt',
    'x',
  ],
];

const BYTES: readonly [number, ...number[]] = [
  0, 0x0a, 0x0d, 0x16, 0x20, 0x2f, 0x7f, 0x80, 0xc0, 0xff,
];
/** Inputs are at most this long: what is longer, tests of limits try. */
const MAX_BYTES = 64 * 1024;
const MAX_NOISE_BYTES = 300;
const LONG_RUN = 20_000;
const MEMBER = { enumerable: true, writable: true, configurable: true };

/** One input for a parser, from what it takes. */
export function inputFrom(
  seeds: readonly [Buffer, ...Buffer[]],
  isJson: boolean,
  random: Random,
): Buffer {
  const seed = random.of(seeds);
  if (random.isOneIn(50)) return seed;
  if (random.isOneIn(20)) return noise(random);
  if (isJson && !random.isOneIn(4)) {
    const text = JSON.stringify(mutatedJson(JSON.parse(seed.toString()), random)) as
      string | undefined;
    return Buffer.from(text ?? 'undefined');
  }
  let bytes = seed;
  for (let changes = 1 + random.below(random.isOneIn(3) ? 12 : 3); changes > 0; changes--)
    bytes = changed(bytes, random.of(seeds), random);
  return bytes.subarray(0, MAX_BYTES);
}

function noise(random: Random): Buffer {
  const length = random.below(MAX_NOISE_BYTES);
  if (random.isOneIn(2)) return Buffer.from(Array.from({ length }, () => random.below(256)));
  return Buffer.from(Array.from({ length: length / 4 }, () => random.of(WORDS)).join(''));
}

function changed(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const to = Math.min(bytes.length, at + random.below(16));
  const around = (...middle: Buffer[]) =>
    Buffer.concat([bytes.subarray(0, at), ...middle, bytes.subarray(to)]);
  switch (random.below(9)) {
    case 0:
      return around();
    case 1:
      return around(Buffer.of(random.below(256)));
    case 2:
      return around(Buffer.of(random.of(BYTES)));
    case 3:
      return around(Buffer.from(random.of(WORDS)));
    case 4:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(random.of(WORDS)),
        bytes.subarray(at),
      ]);
    case 5: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
    case 6:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    case 7:
      return numberChanged(bytes, random);
    default:
      return random.isOneIn(20)
        ? around(Buffer.alloc(random.below(LONG_RUN), random.of(WORDS)))
        : around(bytes.subarray(at, to), bytes.subarray(at, to));
  }
}

/** One of the numbers in it becomes another. */
function numberChanged(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  const numbers = [...text.matchAll(/\d+/g)];
  const number = numbers[random.below(numbers.length)];
  if (!number) return bytes;
  const near = String(Number(number[0]) + random.below(5) - 2);
  const by = random.isOneIn(2) ? near : random.of(WORDS);
  const changed = Buffer.from(by).toString('latin1');
  return Buffer.from(
    text.slice(0, number.index) + changed + text.slice(number.index + number[0].length),
    'latin1',
  );
}

/** JSON in which a few values, or members, are others. */
function mutatedJson(value: unknown, random: Random): unknown {
  const whole: Record<string, unknown> = { value: structuredClone(value) };
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const slots = slotsIn(whole);
    const [container, key] = slots[random.below(slots.length)] ?? [whole, 'value'];
    if (random.isOneIn(6) && container !== whole) Reflect.deleteProperty(container, key);
    else if (Array.isArray(container) && random.isOneIn(3)) container.push(container[key]);
    else if (random.isOneIn(6) && !Array.isArray(container)) {
      const name = random.isOneIn(2) ? key.toUpperCase() : random.of(WORDS);
      // Not an assignment: `__proto__` shall be a member like any other.
      Object.defineProperty(container, name, { ...MEMBER, value: container[key] });
    } else container[key] = hostileValue(container[key], random);
  }
  return whole['value'];
}

function slotsIn(container: Record<string, unknown>): [Record<string, unknown>, string][] {
  return Object.keys(container).flatMap((key) => {
    const value = container[key];
    const inside =
      typeof value === 'object' && value !== null ? slotsIn(value as Record<string, unknown>) : [];
    return [[container, key], ...inside] as [Record<string, unknown>, string][];
  });
}

function hostileValue(value: unknown, random: Random): unknown {
  if (typeof value === 'string' && !random.isOneIn(3)) {
    const at = random.below(value.length + 1);
    return value.slice(0, at) + random.of(WORDS) + value.slice(at + random.below(3));
  }
  if (typeof value === 'number' && !random.isOneIn(3)) return value + random.below(5) - 2;
  const others: [unknown, ...unknown[]] = [
    ...([
      null,
      true,
      false,
      '',
      'x'.repeat(2_000),
      [],
      {},
      [null],
      { a: 1 },
      0,
      -1,
      -0,
      1.5,
    ] as const),
    ...[2 ** 31, 2 ** 53, -(2 ** 53), 1e308, [value, value], { value }, random.of(WORDS)],
    JSON.parse('{"__proto__":{"x":1}}') as unknown,
  ];
  return random.of(others);
}
