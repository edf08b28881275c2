// Questions that come within one turn of the event loop, answered by one statement: what a statement costs by
// itself, here and at the database, is then paid once for all of them.

/** So many are answered together at most: their answers are in memory all at once. */
const MAX_TOGETHER = 64;

interface Asked<Question, Answer> {
  question: Question;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

export class AskedTogether<Question, Answer> {
  readonly #answers: (questions: Question[]) => Promise<Answer[]>;
  #asked: Asked<Question, Answer>[] = [];

  /** @param answers an answer to each, in the same order; where it fails, it fails for all of them */
  constructor(answers: (questions: Question[]) => Promise<Answer[]>) {
    this.#answers = answers;
  }

  ask(question: Question): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (this.#asked.push({ question, resolve, reject }) === 1)
      setImmediate(() => {
        const all = this.#asked;
        this.#asked = [];
        for (let at = 0; at < all.length; at += MAX_TOGETHER)
          void this.#answer(all.slice(at, at + MAX_TOGETHER));
      });
    return promise;
  }

  async #answer(some: Asked<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#answers(some.map(({ question }) => question));
      for (const [index, { resolve }] of some.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
