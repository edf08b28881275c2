// What was gathered of a content with many sources, for a moment: in a large swarm everybody asks for
// the same again and again, and to go through a thousand sources takes milliseconds.
import type { Content } from '../../protocol/schemas.ts';

/** Contents with no more sources than this are gathered for each call. */
const SMALL = 100;
/** So long an answer is given again, in milliseconds: little beside a lease. */
const KEPT_MS = 1_000;
/** So many contents are kept at once. */
const MAX_KEPT = 100;

export class LargeContents {
  readonly #kept = new Map<string, { content: Content; at: number }>();

  /** The content as it was gathered within the last second, or as it is gathered now. */
  of(root: string, now: number, gather: () => Content): Content {
    return this.#recent(root, now) ?? this.#keep(gather(), now);
  }

  /** As `of`, where to gather takes its time. */
  async ofLater(root: string, now: number, gather: () => Promise<Content>): Promise<Content> {
    return this.#recent(root, now) ?? this.#keep(await gather(), now);
  }

  #recent(root: string, now: number): Content | undefined {
    const kept = this.#kept.get(root);
    // A clock that was set back makes it none of the last second.
    if (kept && kept.at <= now && now < kept.at + KEPT_MS) return kept.content;
    this.#kept.delete(root);
    return undefined;
  }

  #keep(content: Content, now: number): Content {
    if (content.sources.length > SMALL) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined && this.#kept.size >= MAX_KEPT) this.#kept.delete(oldest);
      this.#kept.set(content.root, { content, at: now });
    }
    return content;
  }
}

/** A random choice of at most `limit`, in random order; `items` stays as it is. */
export function chosen<T>(items: readonly T[], limit: number): T[] {
  const rest = [...items];
  const count = Math.min(limit, rest.length);
  for (let at = 0; at < count; at++) {
    const other = at + Math.floor(Math.random() * (rest.length - at));
    [rest[at], rest[other]] = [rest[other] as T, rest[at] as T];
  }
  return rest.slice(0, count);
}

/** A random choice of sources, up to half of it of those that hold the whole: one of them is worth many others. */
export function chosenSources<T extends { complete: boolean }>(
  sources: readonly T[],
  limit: number,
): T[] {
  const whole = chosen(
    sources.filter(({ complete }) => complete),
    Math.ceil(limit / 2),
  );
  const taken = new Set(whole);
  const others = sources.filter((source) => !taken.has(source));
  return chosen([...whole, ...chosen(others, limit - whole.length)], limit);
}
