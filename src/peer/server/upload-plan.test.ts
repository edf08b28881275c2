// Whatever followers claim, pass and learn, nobody is offered what it has, and what is rare goes out first.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PieceSet } from '../../protocol/piece-set.ts';
import { UNDER_WAY_EACH, UploadPlan, type Follower } from './upload-plan.ts';

const first = () => 0;
const PIECES = 40;

function setOf(pieces: number[], length = PIECES): PieceSet {
  const set = new PieceSet(length);
  for (const piece of pieces) set.add(piece);
  return set;
}

/** Who holds offers, and gets its first choice at once. */
function deliver(plan: UploadPlan, now = 0): { follower: Follower; piece: number } {
  const { follower, pieces } = plan.next(now) ?? {};
  const piece = pieces?.[0];
  if (!follower || piece === undefined) throw new Error('Nothing is offered.');
  plan.claim(follower, piece);
  plan.learn(follower, piece);
  return { follower, piece };
}

test('nobody, or nobody who lacks anything, is offered nothing', () => {
  const plan = new UploadPlan(setOf([1, 2]), first);
  expect(plan.next(0)).toBeUndefined();
  const follower = plan.join();
  plan.learn(follower, 1);
  plan.learn(follower, 2);
  expect(plan.next(0)).toBeUndefined();
});

test('an offer names what is here and not there, the rarest first', () => {
  const plan = new UploadPlan(setOf([1, 2, 3]), first);
  const [a, b] = [plan.join(), plan.join()];
  for (const piece of [1, 3]) plan.learn(a, piece);
  expect(plan.next(0)).toEqual({ follower: b, pieces: [2, 1, 3] });
});

/** All that is offered while nobody answers. */
function offersOf(plan: UploadPlan): Follower[] {
  const followers: Follower[] = [];
  for (let next = plan.next(0); next; next = plan.next(0)) followers.push(next.follower);
  return followers;
}

test('a follower has one offer open until it has got a piece from here, and a few afterwards', () => {
  const plan = new UploadPlan(PieceSet.full(PIECES), first);
  const follower = plan.join();
  // From elsewhere: that shows nothing.
  plan.learn(follower, 1);
  expect(offersOf(plan)).toEqual([follower]);
  plan.claim(follower, 0);
  expect(plan.next(0)).toBeUndefined();
  plan.learn(follower, 0);
  expect(offersOf(plan)).toHaveLength(UNDER_WAY_EACH);
  plan.claim(follower, 2);
  expect(plan.next(0)).toBeUndefined();
  plan.fail(follower, 2);
  expect(plan.next(0)?.follower).toBe(follower);
});

test('whoever has the least under way from here is first, and of those whoever has the fewest pieces', () => {
  const plan = new UploadPlan(PieceSet.full(PIECES), first);
  const [rich, poor] = [plan.join(), plan.join()];
  plan.learn(rich, 30);
  expect(offersOf(plan)).toEqual([poor, rich]);
  for (const [piece, follower] of [poor, rich].entries()) {
    plan.claim(follower, piece);
    plan.learn(follower, piece);
  }
  expect(offersOf(plan)).toEqual([poor, rich, poor, rich, poor, rich]);
});

test('a crowd that has got nothing yet leaves half of the offers to those who have', () => {
  let turn = 0;
  const plan = new UploadPlan(PieceSet.full(PIECES), () => (turn++ % 97) / 97);
  const proven = plan.join();
  plan.claim(proven, 0);
  plan.learn(proven, 0);
  for (let count = 0; count < 100; count++) plan.join();
  let own = 0;
  for (let count = 0; count < 30; count++) {
    const { follower, pieces } = plan.next(0) ?? {};
    if (follower !== proven) continue;
    own++;
    plan.claim(proven, pieces?.[0] ?? NaN);
    plan.learn(proven, pieces?.[0] ?? NaN);
  }
  expect(own).toBeGreaterThan(5);
});

test('what was not wanted is not offered again until it is time', () => {
  const plan = new UploadPlan(setOf([0, 1]), first);
  const follower = plan.join();
  plan.learn(follower, 1);
  plan.next(0);
  plan.pass(follower, 0);
  expect(plan.next(299)).toBeUndefined();
  expect(plan.next(300)).toEqual({ follower, pieces: [0] });
});

test('who wanted nothing of what is here is offered what has come at once', () => {
  const has = setOf([0]);
  const plan = new UploadPlan(has, first);
  const follower = plan.join();
  plan.next(0);
  plan.pass(follower, 0);
  has.add(9);
  plan.gain(9);
  expect(plan.next(1)).toEqual({ follower, pieces: [9] });
});

test('who takes nothing now, or does not answer, rests until it is time', () => {
  const plan = new UploadPlan(setOf([0]), first);
  const follower = plan.join();
  plan.next(0);
  plan.rest(follower, 50);
  expect(plan.next(49)).toBeUndefined();
  plan.learn(follower, 7);
  expect(plan.next(49)).toBeUndefined();
  expect(plan.next(50)).toEqual({ follower, pieces: [0] });
});

test('who has got a piece from here rests no longer', () => {
  const plan = new UploadPlan(setOf([0, 1]), first);
  const follower = plan.join();
  plan.claim(follower, 0);
  plan.rest(follower, 1000);
  plan.learn(follower, 0);
  expect(plan.next(1)).toEqual({ follower, pieces: [1] });
});

test('who has not said yet what it has is not asked because something has come', () => {
  const has = setOf([0]);
  const plan = new UploadPlan(has, first);
  const follower = plan.join();
  follower.restsUntil = Infinity;
  plan.claim(follower, 0);
  plan.learn(follower, 0);
  has.add(1);
  plan.gain(1);
  expect(plan.next(1e12)).toBeUndefined();
});

test('who reads in order is offered the next pieces in order', () => {
  const plan = new UploadPlan(setOf([3, 5, 6, 7, 34, 39]), first);
  const follower = plan.join();
  follower.readsAt = 6;
  expect(plan.next(0)?.pieces).toEqual([6, 7, 34, 39, 3, 5]);
});

test('offers at the same time have different first choices', () => {
  const plan = new UploadPlan(setOf([7, 8, 9]), first);
  for (let count = 0; count < 3; count++) plan.join();
  const choices = [1, 2, 3].map(() => plan.next(0)?.pieces[0]);
  expect(choices.sort()).toEqual([7, 8, 9]);
});

test('what was offered and not taken is as rare as before', () => {
  const plan = new UploadPlan(setOf([7, 8]), first);
  const [a, b] = [plan.join(), plan.join()];
  plan.learn(a, 8);
  expect(plan.next(0)).toEqual({ follower: b, pieces: [7, 8] });
  plan.rest(b, 100);
  expect(plan.next(0)).toEqual({ follower: a, pieces: [7] });
  plan.leave(a);
  expect(plan.next(1000)).toEqual({ follower: b, pieces: [7, 8] });
});

test('a seed offers no piece a second time first while one was never offered, to equal followers', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 20 }),
      fc.nat(),
      (pieces, followers, seed) => {
        const random = () => ((seed * 7919) % 1000) / 1000;
        const plan = new UploadPlan(PieceSet.full(pieces), random);
        for (let count = 0; count < followers; count++) plan.join();
        const offered = new Set<number>();
        for (let turn = 0; turn < pieces; turn++) offered.add(deliver(plan).piece);
        expect(offered.size).toBe(pieces);
      },
    ),
  );
});

test('a seed whose offers are open together offers no piece a second time first, either', () => {
  const plan = new UploadPlan(PieceSet.full(PIECES), Math.random);
  const open: { follower: Follower; piece: number }[] = [];
  const offered = new Set<number>();
  for (let count = 0; count < 10; count++) plan.join();
  while (offered.size < PIECES) {
    const { follower, pieces = [] } = plan.next(0) ?? {};
    const [piece] = pieces;
    if (follower && piece !== undefined) {
      expect(offered).not.toContain(piece);
      offered.add(piece);
      open.push({ follower, piece });
    }
    const one = open.length > 4 ? open.shift() : undefined;
    if (!one) continue;
    plan.claim(one.follower, one.piece);
    plan.learn(one.follower, one.piece);
  }
});

interface Known {
  has: Set<number>;
  underWay: Set<number>;
  offered: number[];
}

test('whatever happens, only what is here and wanted is offered, and the rarest of it first', () => {
  const step = fc.record({
    does: fc.constantFrom(
      'join',
      'leave',
      'learn',
      'claim',
      'claim',
      'arrive',
      'arrive',
      'fail',
      'pass',
      'gain',
      'next',
      'next',
    ),
    who: fc.nat(1000),
    piece: fc.nat(PIECES - 1),
  });
  const here = fc.uniqueArray(fc.nat(PIECES - 1));
  fc.assert(
    fc.property(
      here,
      fc.array(step, { maxLength: 300, size: 'max' }),
      fc.nat(1000),
      (pieces, steps, chance) => {
        const has = setOf(pieces);
        let turn = chance;
        const plan = new UploadPlan(has, () => (turn = (turn * 31 + 7) % 1000) / 1000);
        const known = new Map<Follower, Known>();
        const copiesOf = (piece: number) =>
          [...known.values()].reduce((sum, one) => {
            const first = one.offered.filter((each) => each === piece).length;
            return sum + first + Number(one.has.has(piece)) + Number(one.underWay.has(piece));
          }, 0);
        for (const [now, { does, who, piece }] of steps.entries()) {
          const follower = plan.followers[who % Math.max(1, plan.followers.length)];
          const one = follower && known.get(follower);
          if (does === 'join')
            known.set(plan.join(), { has: new Set(), underWay: new Set(), offered: [] });
          else if (does === 'gain') {
            if (has.add(piece)) plan.gain(piece);
          } else if (does === 'next') {
            const next = plan.next(now * 20);
            if (!next) continue;
            const knows = known.get(next.follower);
            if (!knows) throw new Error('It has left.');
            expect(new Set(next.pieces).size).toBe(next.pieces.length);
            const wanted = [...has].filter(
              (each) =>
                !knows.has.has(each) &&
                !knows.underWay.has(each) &&
                !next.follower.declined.has(each),
            );
            expect(wanted).toEqual(expect.arrayContaining(next.pieces));
            expect(next.pieces.length).toBe(Math.min(8, wanted.length));
            const rarest = wanted.map(copiesOf).sort((a, b) => a - b);
            expect(next.pieces.map(copiesOf)).toEqual(rarest.slice(0, 8));
            knows.offered.push(next.pieces[0] ?? NaN);
          } else if (!follower || !one) continue;
          else if (does === 'leave') {
            plan.leave(follower);
            known.delete(follower);
          } else if (does === 'learn') {
            plan.learn(follower, piece);
            one.has.add(piece);
            one.underWay.delete(piece);
          } else if (does === 'claim') {
            plan.claim(follower, piece);
            one.offered.shift();
            if (!one.has.has(piece)) one.underWay.add(piece);
          } else if (does === 'arrive') {
            const [arrived] = one.underWay;
            if (arrived === undefined) continue;
            plan.learn(follower, arrived);
            one.has.add(arrived);
            one.underWay.delete(arrived);
          } else if (does === 'fail') {
            plan.fail(follower, piece);
            one.underWay.delete(piece);
          } else {
            plan.pass(follower, now * 20);
            one.offered.shift();
          }
          expect(new Set(plan.followers)).toEqual(new Set(known.keys()));
          for (const [each, { has: its }] of known) {
            expect(plan.followers[each.at]).toBe(each);
            expect(each.lacks).toBe([...has].filter((one) => !its.has(one)).length);
          }
        }
      },
    ),
  );
});
