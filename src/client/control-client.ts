// The client of a peer's control interface on this machine, as far as the command needs it.
import { Check } from 'typebox/schema';
import {
  CONTROL_BASE,
  CONTROL_SERVICE,
  ControlStateSchema,
  type ControlState,
} from '../protocol/control.ts';
import { CodedError } from '../protocol/errors.ts';
import { callJson, type Answer } from './json-call.ts';

/**
 * What the peer does whose control interface is on a port of this machine.
 *
 * @throws CodedError `not-running` where nobody answers, or somebody else; `internal` for another answer
 */
export async function controlState(
  port: number,
  token: string,
  signal?: AbortSignal,
): Promise<ControlState> {
  const peer = { url: new URL(`http://127.0.0.1:${port}`) };
  try {
    // Another program may have the port now: it is not shown the token.
    const service = await callJson(peer, CONTROL_BASE, { signal });
    if (!isControlService(service)) throw notRunning();
    const headers = { authorization: `Bearer ${token}` };
    const { status, json } = await callJson(peer, `${CONTROL_BASE}/state`, { headers, signal });
    if (status === 401) throw notRunning();
    if (status === 200 && Check(ControlStateSchema, json)) return json;
    throw new CodedError(
      'internal',
      `The peer on port ${port} answers something else than its state: is it of another version?`,
    );
  } catch (error) {
    const isAway = error instanceof CodedError && error.code === 'registry-unreachable';
    throw isAway ? notRunning(error) : error;
  }
}

export function notRunning(cause?: unknown): CodedError {
  return new CodedError(
    'not-running',
    'No peer with a page runs here: "sp2p share FOLDER" starts one.',
    { cause },
  );
}

function isControlService({ status, json }: Answer): boolean {
  const answer = (typeof json === 'object' ? json : null) as { service?: unknown } | null;
  return status === 200 && answer?.service === CONTROL_SERVICE;
}
