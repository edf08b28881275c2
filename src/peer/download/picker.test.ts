// Whatever the order of arrivals and failures, in the end every piece is there once.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Picker } from './picker.ts';

const never = () => false;
const always = () => true;

test('pieces are given out in the order that is wanted, each once', () => {
  const picker = new Picker(new Uint8Array(4), [2, 0, 3, 1]);
  expect(['a', 'b', 'a', 'b', 'a'].map((source) => picker.next(source, never))).toEqual([
    2,
    0,
    3,
    1,
    undefined,
  ]);
});

test('what is there already is not given out', () => {
  const picker = new Picker(Uint8Array.of(1, 0, 1));
  expect(picker.next('a', never)).toBe(1);
  expect(picker.next('a', never)).toBeUndefined();
  picker.arrive(1);
  expect(picker.isDone).toBe(true);
});

test('a piece that failed is given out again, to whoever asks', () => {
  const picker = new Picker(new Uint8Array(1));
  expect(picker.next('a', never)).toBe(0);
  picker.fail('a', 0);
  expect(picker.next('b', never)).toBe(0);
});

test('in the end game a piece is asked for a second time, of a quicker source, and not a third time', () => {
  const picker = new Picker(new Uint8Array(1));
  expect(picker.next('slow', always)).toBe(0);
  expect(picker.next('slow', always)).toBeUndefined();
  expect(picker.next('quick', (slower) => slower === 'slow')).toBe(0);
  expect(picker.next('quicker', always)).toBeUndefined();
  picker.arrive(0);
  picker.fail('slow', 0);
  expect(picker.isDone).toBe(true);
  expect(picker.next('slow', always)).toBeUndefined();
});

test('a piece that two have under way stays with the one when the other fails', () => {
  const picker = new Picker(new Uint8Array(1));
  picker.next('a', never);
  picker.next('b', always);
  picker.fail('a', 0);
  expect(picker.next('c', never)).toBeUndefined();
  picker.fail('b', 0);
  expect(picker.next('c', never)).toBe(0);
});

test('pieces behind the horizon are not given out until it has moved', () => {
  const picker = new Picker(new Uint8Array(5));
  expect([1, 2, 3].map(() => picker.next('a', never, 2))).toEqual([0, 1, undefined]);
  picker.fail('a', 0);
  expect(picker.next('b', never, 2)).toBe(0);
  expect(picker.next('b', never, 3)).toBe(2);
  expect([1, 2, 3].map(() => picker.next('b', never))).toEqual([3, 4, undefined]);
});

test('while the horizon stands still a quicker source takes over what a slower one has', () => {
  const picker = new Picker(new Uint8Array(5));
  expect(picker.next('slow', never, 1)).toBe(0);
  expect(picker.next('quick', always, 1)).toBe(0);
  expect(picker.next('quick', always, 1)).toBeUndefined();
});

test('a piece that was taken out of turn is not given out, until it fails', () => {
  const picker = new Picker(new Uint8Array(2));
  picker.take('a', 1);
  expect(picker.isWaiting).toBe(true);
  expect([1, 2].map(() => picker.next('b', never))).toEqual([0, undefined]);
  picker.fail('a', 1);
  expect(picker.next('b', never)).toBe(1);
  picker.arrive(0);
  expect(picker.isWaiting).toBe(true);
  picker.arrive(1);
  expect(picker).toMatchObject({ isDone: true, isWaiting: false });
});

test('what arrives although it was given up for lost is not given out again', () => {
  const picker = new Picker(new Uint8Array(2));
  picker.next('a', never);
  picker.fail('a', 0);
  picker.arrive(0);
  expect([1, 2].map(() => picker.next('b', never))).toEqual([1, undefined]);
});

test('what fails after it has arrived, or was never asked for, changes nothing', () => {
  const picker = new Picker(new Uint8Array(2));
  picker.fail('a', 0);
  picker.next('a', never);
  picker.next('b', always);
  picker.arrive(0);
  picker.arrive(0);
  picker.fail('b', 0);
  picker.fail('b', 0);
  expect(picker.has(0)).toBe(true);
  expect(picker.isDone).toBe(false);
});

test('whatever happens, every piece arrives, and none is given out when it is there', () => {
  const step = fc.record({
    source: fc.constantFrom('a', 'b', 'c'),
    does: fc.constantFrom('ask', 'arrive', 'fail', 'take'),
    which: fc.nat(40),
    mayRepeat: fc.boolean(),
    horizon: fc.option(fc.nat(20), { nil: Infinity }),
  });
  fc.assert(
    fc.property(fc.uint8Array({ max: 1, maxLength: 20 }), fc.array(step), (have, steps) => {
      const picker = new Picker(have);
      const underWay: { source: string; piece: number }[] = [];
      for (const { source, does, which, mayRepeat, horizon } of steps) {
        const one = underWay[which % Math.max(1, underWay.length)];
        if (does === 'ask') {
          const piece = picker.next(source, () => mayRepeat, horizon);
          if (piece === undefined) continue;
          expect(picker.has(piece)).toBe(false);
          // Only what was asked for already is asked for again, and by nobody twice.
          const others = underWay.filter((each) => each.piece === piece);
          if (others.length === 0) expect(piece).toBeLessThan(horizon);
          else expect(mayRepeat).toBe(true);
          expect(others.filter((each) => each.source === source)).toEqual([]);
          underWay.push({ source, piece });
        } else if (does === 'take' && have.length > 0 && !picker.has(which % have.length)) {
          picker.take(source, which % have.length);
          underWay.push({ source, piece: which % have.length });
        } else if (one && (does === 'arrive' || does === 'fail')) {
          underWay.splice(underWay.indexOf(one), 1);
          if (does === 'arrive') picker.arrive(one.piece);
          else picker.fail(one.source, one.piece);
        }
      }
      // From here on everything goes well: what is under way fails, and one source delivers the rest.
      for (const { source, piece } of underWay) picker.fail(source, piece);
      for (let rounds = 0; rounds < have.length; rounds++) {
        const piece = picker.next('last', never);
        if (piece === undefined) break;
        picker.arrive(piece);
      }
      expect(picker.isDone).toBe(true);
      expect([...have.keys()].every((piece) => picker.has(piece))).toBe(true);
      expect(picker.next('last', always)).toBeUndefined();
    }),
  );
});
