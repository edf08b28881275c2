// One call of the registry over a kept connection.
import { request, type Agent, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A registry that has not answered by then is taken for one that never will. */
const DEADLINE_MS = 120_000;

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** @throws Error when the answer is not one of success */
export async function call(...asked: Parameters<typeof answerTo>): Promise<Answer> {
  const answer = await answerTo(...asked);
  const [, , method, path] = asked;
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 500)}`);
  return answer;
}

/** Whatever it is. */
export async function answerTo(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  body: Buffer | string = '',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const calling = request({
    ...{ agent, host: '127.0.0.1', port, method, path },
    headers: {
      ...headers,
      ...(body !== '' && {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      }),
    },
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  calling.end(body);
  const [answer] = (await once(calling, 'response')) as [IncomingMessage];
  return {
    ...{ status: answer.statusCode ?? 0, headers: answer.headers },
    text: await text(answer),
  };
}
