// How many requests were answered, and how long that took: plain numbers, which every request adds to,
// and Prometheus text of them only when somebody asks. prom-client would look up a series by its
// labels each time.
import { METHODS } from 'node:http';

/** In seconds. Few, because each is a series for every route. */
const BUCKETS_S = [0.005, 0.025, 0.1, 0.5, 2.5, 10];
/** The label of what no route was found for, and of a method that is none. */
const UNKNOWN = 'unknown';
const KNOWN_METHODS: ReadonlySet<string | undefined> = new Set(METHODS);

interface Counted {
  /** By method, and by status. */
  answers: Map<string, Map<number, number>>;
  /** How many took no longer than each of the buckets, but longer than the one before; the last: all others. */
  within: number[];
  count: number;
  seconds: number;
}

export class RequestCounts {
  readonly #routes = new Map<string, Counted>();

  /** @param route its pattern, undefined where there is none: few, and without quotes or backslashes */
  add(route = UNKNOWN, method: string | undefined, status: number, ms: number): void {
    const counted = this.#countedOf(route);
    const byStatus = statusesOf(counted, method);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    const seconds = ms / 1000;
    let bucket = 0;
    while (bucket < BUCKETS_S.length && seconds > (BUCKETS_S[bucket] ?? Infinity)) bucket++;
    counted.within[bucket] = (counted.within[bucket] ?? 0) + 1;
    counted.count++;
    counted.seconds += seconds;
  }

  /** In Prometheus' text format, version 0.0.4. */
  text(): string {
    const lines = [
      '# HELP sp2p_requests_total Requests that were answered.',
      '# TYPE sp2p_requests_total counter',
    ];
    for (const [route, { answers }] of this.#routes)
      for (const [method, byStatus] of answers)
        for (const [status, count] of byStatus)
          lines.push(
            `sp2p_requests_total{route="${route}",method="${method}",status="${status}"} ${count}`,
          );
    lines.push(
      '',
      '# HELP sp2p_request_seconds From the head of a request to the end of its answer.',
      '# TYPE sp2p_request_seconds histogram',
    );
    for (const [route, { within, count, seconds }] of this.#routes) {
      let sum = 0;
      for (const [bucket, most] of BUCKETS_S.entries()) {
        sum += within[bucket] ?? 0;
        lines.push(`sp2p_request_seconds_bucket{le="${most}",route="${route}"} ${sum}`);
      }
      lines.push(
        `sp2p_request_seconds_bucket{le="+Inf",route="${route}"} ${count}`,
        `sp2p_request_seconds_sum{route="${route}"} ${seconds}`,
        `sp2p_request_seconds_count{route="${route}"} ${count}`,
      );
    }
    return `${lines.join('\n')}\n`;
  }

  #countedOf(route: string): Counted {
    let counted = this.#routes.get(route);
    if (!counted) {
      counted = { answers: new Map(), within: BUCKETS_S.map(() => 0), count: 0, seconds: 0 };
      this.#routes.set(route, counted);
    }
    return counted;
  }
}

function statusesOf({ answers }: Counted, method: string | undefined): Map<number, number> {
  const known = method !== undefined && KNOWN_METHODS.has(method) ? method : UNKNOWN;
  let byStatus = answers.get(known);
  if (!byStatus) {
    byStatus = new Map<number, number>();
    answers.set(known, byStatus);
  }
  return byStatus;
}
