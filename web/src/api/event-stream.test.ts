// Events come out the same, however the stream was cut.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventParser, StreamFault, type StreamEvent } from './event-stream.ts';

const eventsOf = (...texts: string[]) => {
  const parser = new EventParser();
  return texts.flatMap((text) => parser.push(text));
};

test('an event has its kind, its data and its id', () => {
  expect(eventsOf('id: 7\nevent: peer\ndata: {"a":1}\n\n')).toEqual([
    { kind: 'peer', data: '{"a":1}', id: '7' },
  ]);
});

test('the id stays until another one comes, the kind does not', () => {
  expect(eventsOf('id: 7\nevent: peer\ndata: a\n\ndata: b\n\n')).toEqual([
    { kind: 'peer', data: 'a', id: '7' },
    { kind: 'message', data: 'b', id: '7' },
  ]);
});

test('comments, unknown fields and events without data say nothing', () => {
  expect(eventsOf(': still here\n\nevent: x\n\nretry: 5\nfoo: bar\ndata\n\n')).toEqual([
    { kind: 'message', data: '', id: '' },
  ]);
});

test('several lines of data are one text; one blank after the colon does not count', () => {
  expect(eventsOf('data:  a\ndata:b\n\n')).toEqual([{ kind: 'message', data: ' a\nb', id: '' }]);
});

test('lines end in CR LF, LF or CR, and a mark at the start does not count', () => {
  const expected: StreamEvent[] = [{ kind: 'message', data: 'a\nb', id: '' }];
  expect(eventsOf('\uFEFFdata: a\r\ndata: b\r\n\r\n')).toEqual(expected);
  expect(eventsOf('data: a\rdata: b\r\r', ':')).toEqual(expected);
});

test('an event that has not ended is none', () => {
  expect(eventsOf('data: a\n')).toEqual([]);
});

test('an event longer than any can be is a fault, not memory', () => {
  expect(() => eventsOf('data: ', 'x'.repeat(33 * 1024 * 1024))).toThrow(StreamFault);
});

test('where the stream is cut makes no difference', () => {
  const line = fc.oneof(
    fc.constantFrom('data: a', 'data:b', 'event: peer', 'id: 3', 'id: 4\0', ': x', '', '', 'data'),
    fc.string(),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')))
    .map((lines) => lines.map((each) => each.join('')).join(''));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400)), (text, cuts) => {
      const at = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      const parts = at.slice(1).map((end, index) => text.slice(at[index], end));
      expect(eventsOf(...parts)).toEqual(eventsOf(text));
    }),
  );
}, 30_000);
