// How long a ticket is good, and for what.
import { expect, test } from 'vitest';
import { MAX_TICKETS, TICKET_LIFE_MS, Tickets } from './tickets.ts';

function ticketsAt() {
  const clock = { time: 0, now: () => clock.time };
  return { clock, tickets: new Tickets(clock) };
}

test('a ticket stands for its download, and a guess for none', () => {
  const { tickets } = ticketsAt();
  const [a, b] = [tickets.issue('a'), tickets.issue('b')];
  expect(a).toMatch(/^[\w-]{22}$/);
  expect([tickets.use(a), tickets.use(b), tickets.use(a)]).toEqual(['a', 'b', 'a']);
  for (const guess of ['', a.slice(1), `${a} `, '__proto__'])
    expect(tickets.use(guess)).toBeUndefined();
});

test('a ticket ends a while after its last use', () => {
  const { tickets, clock } = ticketsAt();
  const ticket = tickets.issue('a');
  for (let use = 0; use < 5; use++) {
    clock.time += TICKET_LIFE_MS;
    expect(tickets.use(ticket)).toBe('a');
  }
  clock.time += TICKET_LIFE_MS + 1;
  expect(tickets.use(ticket)).toBeUndefined();
  clock.time = 0;
  expect(tickets.use(ticket)).toBeUndefined();
});

test('of too many the one that was used longest ago is void', () => {
  const { tickets } = ticketsAt();
  const [used, unused] = [tickets.issue('used'), tickets.issue('unused')];
  for (let count = 2; count < MAX_TICKETS; count++) tickets.issue('more');
  expect(tickets.use(used)).toBe('used');
  tickets.issue('one too many');
  expect([tickets.use(used), tickets.use(unused)]).toEqual(['used', undefined]);
});
