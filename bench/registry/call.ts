// One call of the registry over a kept connection.
import { request, type Agent, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** A registry that has not answered by then is taken for one that never will. */
const DEADLINE_MS = 120_000;

/** @returns the body. @throws Error when the answer is not one of success */
export async function call(
  agent: Agent,
  port: number,
  method: string,
  path: string,
  body: Buffer | string = '',
): Promise<string> {
  const calling = request({
    ...{ agent, host: '127.0.0.1', port, method, path },
    ...(body !== '' && {
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }),
    signal: AbortSignal.timeout(DEADLINE_MS),
  });
  calling.end(body);
  const [answer] = (await once(calling, 'response')) as [IncomingMessage];
  const said = await text(answer);
  if ((answer.statusCode ?? 0) >= 300)
    throw new Error(`${method} ${path}: ${answer.statusCode ?? 0} ${said.slice(0, 500)}`);
  return said;
}
