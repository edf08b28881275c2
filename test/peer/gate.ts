// A gate in front of a registry: lets calls through, until a test has it refuse some of them.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { onTestFinished } from 'vitest';

/** What becomes of a call instead of being let through. */
export type Refusal = { status: number; code: string } | 'cut' | 'hang';

export interface Gate {
  url: URL;
  /** Method and path of every call, refused ones too. */
  calls: string[];
  /** Asked before each call is let through. */
  refuses: (call: string) => Refusal | undefined;
  /** So many further changes of the catalogue are let through, and their answers lost. */
  losesAnswers: number;
}

export async function startGate(registry: URL): Promise<Gate> {
  const server = createServer((incoming, response) => {
    const call = `${incoming.method ?? ''} ${incoming.url ?? ''}`;
    gate.calls.push(call);
    const refusal = gate.refuses(call);
    if (refusal === undefined) {
      const isLost = call.startsWith('PATCH ') && gate.losesAnswers > 0;
      if (isLost) gate.losesAnswers--;
      letThrough(registry, incoming, response, isLost);
    } else if (refusal === 'cut') incoming.socket.destroy();
    else if (refusal !== 'hang') {
      const { status, code } = refusal;
      response.writeHead(status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ status, code, detail: 'The gate refuses.' }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const gate: Gate = {
    url: new URL(`http://127.0.0.1:${port}`),
    calls: [],
    refuses: () => undefined,
    losesAnswers: 0,
  };
  return gate;
}

function letThrough(
  registry: URL,
  incoming: IncomingMessage,
  response: ServerResponse,
  losesAnswer: boolean,
): void {
  const { method, url = '/', headers } = incoming;
  const onwards = request(new URL(url, registry), { method, headers, agent: false });
  onwards.on('response', (answer) => {
    if (losesAnswer) {
      answer.resume();
      response.destroy();
      return;
    }
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    pipeline(answer, response).catch(() => response.destroy());
  });
  pipeline(incoming, onwards).catch(() => response.destroy());
}
