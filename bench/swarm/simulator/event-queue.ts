// What is to happen, the earliest first: a heap of four children each in typed arrays, as there are
// some 10^8 events in the largest swarm. Of two at the same time, either may come first, but always the same.

const CHILDREN = 4;

export class EventQueue {
  /** Of the event that came last out of the queue. */
  time = 0;
  kind = 0;
  subject = 0;
  version = 0;
  #size = 0;
  #times = new Float64Array(1024);
  /** Kind, subject and version of each. */
  #what = new Int32Array(1024 * 3);

  get size(): number {
    return this.#size;
  }

  push(time: number, kind: number, subject: number, version = 0): void {
    if (this.#size === this.#times.length) this.#grow();
    let at = this.#size++;
    while (at > 0) {
      const parent = Math.floor((at - 1) / CHILDREN);
      if ((this.#times[parent] ?? 0) <= time) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, time, kind, subject, version);
  }

  /** Takes the earliest out, to be read from here; false: there is none. */
  pop(): boolean {
    if (this.#size === 0) return false;
    const what = this.#what;
    this.time = this.#times[0] ?? 0;
    this.kind = what[0] ?? 0;
    this.subject = what[1] ?? 0;
    this.version = what[2] ?? 0;
    const last = --this.#size;
    const time = this.#times[last] ?? 0;
    let at = 0;
    for (;;) {
      const first = at * CHILDREN + 1;
      let least = at;
      let leastTime = time;
      for (let child = first; child < first + CHILDREN && child < last; child++) {
        const childTime = this.#times[child] ?? 0;
        if (childTime >= leastTime) continue;
        least = child;
        leastTime = childTime;
      }
      if (least === at) break;
      this.#move(least, at);
      at = least;
    }
    this.#move(last, at);
    return true;
  }

  #put(at: number, time: number, kind: number, subject: number, version: number): void {
    this.#times[at] = time;
    this.#what[at * 3] = kind;
    this.#what[at * 3 + 1] = subject;
    this.#what[at * 3 + 2] = version;
  }

  #move(from: number, to: number): void {
    const what = this.#what;
    this.#times[to] = this.#times[from] ?? 0;
    what[to * 3] = what[from * 3] ?? 0;
    what[to * 3 + 1] = what[from * 3 + 1] ?? 0;
    what[to * 3 + 2] = what[from * 3 + 2] ?? 0;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const what = new Int32Array(this.#what.length * 2);
    times.set(this.#times);
    what.set(this.#what);
    this.#times = times;
    this.#what = what;
  }
}
