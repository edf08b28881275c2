// What is told of a file's state, however odd: a time that others can read.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { modifiedOf, type FoundFile } from './shared-file.ts';

function fileOf(state: Partial<FoundFile['state']>): FoundFile {
  const whole = { device: 1n, inode: 2n, size: 3, mtime: 0n, ...state };
  return { name: 'a', path: '/s/a', realPath: '/s/a', state: whole };
}

const state = fc.record({
  device: fc.bigInt({ min: 0n, max: 2n ** 64n }),
  inode: fc.bigInt({ min: 0n, max: 2n ** 64n }),
  size: fc.maxSafeNat(),
  mtime: fc.bigInt({ min: -(2n ** 93n), max: 2n ** 93n }),
});

test('a time is whole milliseconds that a Date can tell, however far off', () => {
  expect(modifiedOf(fileOf({ mtime: 1_762_387_198_123_456_789n }))).toBe(1_762_387_198_123);
  // What tmpfs keeps for `touch -d @99999999999999`.
  expect(modifiedOf(fileOf({ mtime: 99_999_999_999_999_000_000_000n }))).toBe(8.64e15);
  fc.assert(
    fc.property(state, (each) => {
      const modified = modifiedOf(fileOf(each));
      expect(Number.isSafeInteger(modified)).toBe(true);
      expect(new Date(modified).getTime()).toBe(modified);
    }),
  );
});
