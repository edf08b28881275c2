// Server-sent events out of a stream of text (HTML Standard, section 9.2): pure, whatever the pieces are in
// which it comes. Connecting, and connecting again, is follow's.

export interface StreamEvent {
  /** What `event:` says, `message` where it says nothing. */
  kind: string;
  data: string;
  /** The id of this event or the last one before it that had one; '' for none. */
  id: string;
}

/** One event is at most so long, in UTF-16 code units: more than a thousand downloads with all their sources. */
const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/** What comes is no stream of events of this kind. */
export class StreamFault extends Error {}

export class EventParser {
  #rest = '';
  #isFirst = true;
  #kind = '';
  #data: string[] = [];
  #length = 0;
  #id = '';

  /** The events that are whole with this text. @throws StreamFault when one is longer than any can be */
  push(text: string): StreamEvent[] {
    if (this.#isFirst && text !== '') {
      this.#isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    const all = this.#rest + text;
    const events: StreamEvent[] = [];
    let from = 0;
    for (;;) {
      const end = endOfLine(all, from);
      if (!end) break;
      this.#line(all.slice(from, end.at), events);
      from = end.next;
    }
    this.#rest = all.slice(from);
    if (this.#rest.length + this.#length > MAX_EVENT_LENGTH)
      throw new StreamFault('An event is longer than any can be.');
    return events;
  }

  #line(line: string, events: StreamEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0)
        events.push({ kind: this.#kind || 'message', data: this.#data.join('\n'), id: this.#id });
      this.#kind = '';
      this.#data = [];
      this.#length = 0;
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#kind = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'data') {
      this.#data.push(value);
      this.#length += value.length + 1;
    }
  }
}

/** Where a line ends and the next begins: at CR LF, LF or CR; undefined: not yet to be said. */
function endOfLine(text: string, from: number): { at: number; next: number } | undefined {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '\n') return { at, next: at + 1 };
    // A CR at the end may be half of a CR LF.
    if (character === '\r') {
      if (at + 1 === text.length) return undefined;
      return { at, next: text[at + 1] === '\n' ? at + 2 : at + 1 };
    }
  }
  return undefined;
}
