// Questions that come while others are under way, answered by one statement: what a statement costs by itself,
// here and at the database, is then paid once for all of them.
import { CodedError } from '../../protocol/errors.ts';

/** So many are answered together at most: their answers are in memory all at once. */
const MAX_TOGETHER = 64;
/**
 * So many statements are under way at once: one is made up while the database works on the other. With more of them
 * fewer questions come together, and with one alone a slow answer would hold up all others.
 */
const AT_ONCE = 2;
/** So many questions wait at most: more would only wait longer. */
const MAX_WAITING = 1_000;

interface Asked<Question, Answer> {
  question: Question;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export class AskedTogether<Question, Answer> {
  readonly #answers: (questions: Question[]) => Promise<Answer[]>;
  readonly #waiting: Asked<Question, Answer>[] = [];
  #underWay = 0;

  /**
   * @param answers an answer to each, in the same order; where it fails, it fails for all of them, and for those that
   * wait
   */
  constructor(answers: (questions: Question[]) => Promise<Answer[]>) {
    this.#answers = answers;
  }

  /** @throws CodedError `engine-unavailable` where too many wait */
  async ask(question: Question): Promise<Answer> {
    if (this.#waiting.length >= MAX_WAITING)
      throw new CodedError(
        'engine-unavailable',
        'Too many look-ups wait for the database of the index. Try again soon.',
      );
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // With those that come in the same turn.
    if (this.#waiting.push({ question, resolve, reject }) === 1)
      setImmediate(() => {
        this.#goOn();
      });
    return promise;
  }

  #goOn(): void {
    while (this.#underWay < AT_ONCE && this.#waiting.length > 0)
      void this.#answer(this.#waiting.splice(0, MAX_TOGETHER));
  }

  async #answer(some: Asked<Question, Answer>[]): Promise<void> {
    this.#underWay++;
    try {
      const answers = await this.#answers(some.map(({ question }) => question));
      for (const [index, { resolve }] of some.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      // A database that hangs is waited for once, not by one after the other.
      for (const { reject } of [...some, ...this.#waiting.splice(0)]) reject(error);
    } finally {
      this.#underWay--;
    }
    this.#goOn();
  }
}
