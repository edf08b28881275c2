// What the fuzzer knows of a parser: inputs that it takes, and how to judge what it makes of any.
import { isDeepStrictEqual } from 'node:util';
import { CodedError, type ErrorCode } from '../../src/protocol/errors.ts';

export interface Parser {
  name: string;
  /** What it takes; most inputs are made of these. */
  good: readonly (string | Uint8Array | object)[];
  /** Throws, or rejects, where the parser did what it must not. */
  judge: (input: Buffer) => void | Promise<void>;
  /** Inputs that may be judged at the same time. Default: 1. */
  atOnce?: number;
}

/** @throws Error that says what is wrong with what a parser did */
export function must(isSo: boolean, what: string, ...seen: unknown[]): asserts isSo {
  if (!isSo) throw new Error(`${what}: ${seen.map((each) => JSON.stringify(each)).join(', ')}`);
}

/** What the work answers; undefined where it refuses with one of the codes. It must not fail in another way. */
export function answerOf<T>(codes: readonly ErrorCode[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof CodedError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/** The same for work that takes its time. */
export async function answerLater<T>(
  codes: readonly ErrorCode[],
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CodedError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/**
 * A parser of texts: it refuses with these codes or answers a value, and the value, written down again, is
 * read as the very same.
 */
export function textParser<T>(options: {
  name: string;
  good: Parser['good'];
  refuses: readonly ErrorCode[];
  parse: (text: string) => T;
  format: (value: T) => string;
  /** What else must be true of a value. */
  check?: (value: T, text: string) => void;
}): Parser {
  const { name, good, refuses, parse, format, check } = options;
  return {
    name,
    good,
    judge: (input) => {
      const text = input.toString();
      const value = answerOf(refuses, () => parse(text));
      if (value === undefined) return;
      check?.(value, text);
      const again = parse(format(value));
      must(isDeepStrictEqual(again, value), 'read again it is another', value, again);
    },
  };
}
