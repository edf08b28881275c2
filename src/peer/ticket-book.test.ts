import { expect, test } from 'vitest';
import { CodedError } from '../protocol/errors.ts';
import { TICKET_SECONDS } from '../protocol/tickets.ts';
import { TicketBook } from './ticket-book.ts';

const ROOT = 'ab'.repeat(32);
const LIFE_MS = TICKET_SECONDS * 1_000;
const AWAY = new CodedError('registry-unreachable', 'No registry answers.');

/** A book at a registry that numbers its tickets, by a clock that the test sets. */
function startBook() {
  const registry = { asked: 0, isAway: false, holdsBack: Promise.resolve() };
  let now = 1_000;
  const book = new TicketBook(
    async (root) => {
      const ticket = `${++registry.asked} of ${root}`;
      await registry.holdsBack;
      if (registry.isAway) throw AWAY;
      return ticket;
    },
    () => now,
  );
  const ticket = async () => (await book.ticketFor(ROOT)).split(' ')[0];
  return {
    ...{ book, registry, ticket },
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('until half of its life a ticket is the only one that is asked for, however many want it', async () => {
  const { ticket, registry, pass } = startBook();
  expect(await Promise.all([ticket(), ticket(), ticket()])).toEqual(['1', '1', '1']);
  pass(LIFE_MS / 2 - 1);
  expect(await ticket()).toBe('1');
  expect(registry.asked).toBe(1);
});

test('at half of its life the next one is asked for, and nobody waits for it', async () => {
  const { ticket, registry, pass } = startBook();
  await ticket();
  pass(LIFE_MS / 2);
  const held = Promise.withResolvers<undefined>();
  registry.holdsBack = held.promise.then(() => undefined);
  expect(await Promise.all([ticket(), ticket()])).toEqual(['1', '1']);
  expect(registry.asked).toBe(2);
  held.resolve(undefined);
  await expect.poll(ticket).toBe('2');
  // Its life began when it was asked for.
  pass(LIFE_MS / 2 - 1);
  expect([await ticket(), registry.asked]).toEqual(['2', 2]);
});

test('while the registry is away a ticket holds to its end, and another is asked for now and then', async () => {
  const { ticket, registry, pass } = startBook();
  await ticket();
  registry.isAway = true;
  pass(LIFE_MS / 2);
  for (let times = 0; times < 5; times++) expect(await ticket()).toBe('1');
  expect(registry.asked).toBe(2);
  pass(5_000);
  expect([await ticket(), registry.asked]).toEqual(['1', 3]);
  pass(LIFE_MS / 2 - 5_001);
  expect(await ticket()).toBe('1');
  pass(1);
  await expect(ticket()).rejects.toBe(AWAY);
  registry.isAway = false;
  expect(await ticket()).toBe('6');
});

test('a ticket that has ended is given to nobody: all wait for the next one', async () => {
  const { ticket, pass } = startBook();
  await ticket();
  pass(LIFE_MS);
  expect(await Promise.all([ticket(), ticket()])).toEqual(['2', '2']);
});

test('each content has a ticket of its own', async () => {
  const { book } = startBook();
  const other = 'cd'.repeat(32);
  expect(await book.ticketFor(ROOT)).toBe(`1 of ${ROOT}`);
  expect(await book.ticketFor(other)).toBe(`2 of ${other}`);
  expect(await book.ticketFor(ROOT)).toBe(`1 of ${ROOT}`);
});
