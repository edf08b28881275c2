// The load of look-ups, on a core of its own, and what one run of it says: wrk over kept connections, and
// ab, with a connection for each question, for who closes it after the answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cpuOf, LOAD_CORE } from './machine.ts';

const script = fileURLToPath(new URL('ask.lua', import.meta.url));
/** Connections, each with one request at a time. */
export const CONNECTIONS = 32;
/** A run that takes so much longer than it should is ended. */
const GRACE_MS = 30_000;
/** A slow answer is slow, no failure: wrk's own 2 s would make it one. */
const ANSWER_SECONDS = 30;
/** ab ends by time or by number: never by this one. */
const UNREACHED = 100_000_000;

export interface Load {
  perSecond: number;
  /** Milliseconds, with all connections busy. */
  median: number;
  p99: number;
  /** Bytes of an answer, head included. */
  answerBytes: number;
  /** Seconds of CPU that the server used for a thousand requests. */
  cpuPerThousand: number;
  /** Of the load's own core, 0 … 1: near 1 it is the load that is measured. */
  loadBusy: number;
}

interface Asking {
  port: number;
  /** A file, one path a line. */
  paths: string;
  seconds: number;
  /** The id of the process that answers. */
  server: number;
  /** Of a private network, which is asked over TLS. */
  key?: string | undefined;
}

/** @throws Error when a single answer was not 200, or did not come */
export async function load({ port, paths, seconds, server, key }: Asking): Promise<Load> {
  const before = cpuOf(server);
  const url = `${key === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `--timeout=${ANSWER_SECONDS}s`];
  args.push('-s', script, url, '--', paths, ...(key === undefined ? [] : [key]));
  const { said, complaints, cpu } = await run('wrk', args, seconds);
  const line = /^\{.*\}$/m.exec(said)?.[0];
  if (line === undefined) throw new Error(`wrk did not come to an end: ${complaints || said}`);
  const all = JSON.parse(line) as Record<string, number>;
  const { requests = 0, seconds: took = NaN, failed = NaN, bytes = NaN } = all;
  if (failed !== 0 || requests === 0)
    throw new Error(`Of ${requests} answers of port ${port} ${failed} were none. ${complaints}`);
  return {
    perSecond: requests / took,
    median: all['median'] ?? NaN,
    p99: all['p99'] ?? NaN,
    answerBytes: bytes / requests,
    cpuPerThousand: ((cpuOf(server) - before) / requests) * 1000,
    loadBusy: cpu / took,
  };
}

/** The same with a connection for each question, which is always the first one. Times are whole milliseconds. */
export async function loadAnew({ port, paths, seconds, server }: Asking): Promise<Load> {
  const before = cpuOf(server);
  const [path = '/'] = readFileSync(paths, 'utf8').split('\n', 1);
  const url = `http://127.0.0.1:${port}${path}`;
  const args = ['-l', '-q', '-t', String(seconds), '-n', String(UNREACHED), '-c'];
  const { said, complaints, cpu } = await run('ab', [...args, String(CONNECTIONS), url], seconds);
  const figure = (expression: RegExp) => Number(expression.exec(said)?.[1] ?? NaN);
  const requests = figure(/^Complete requests:\s+(\d+)/m);
  const took = figure(/^Time taken for tests:\s+([\d.]+)/m);
  const failed = figure(/^Failed requests:\s+(\d+)/m);
  if (failed !== 0 || !(requests > 0) || said.includes('Non-2xx'))
    throw new Error(`Of ${requests} answers of port ${port} ${failed} were none. ${complaints}`);
  return {
    perSecond: requests / took,
    median: figure(/^\s+50%\s+(\d+)/m),
    p99: figure(/^\s+99%\s+(\d+)/m),
    answerBytes: figure(/^Total transferred:\s+(\d+)/m) / requests,
    cpuPerThousand: ((cpuOf(server) - before) / requests) * 1000,
    loadBusy: cpu / took,
  };
}

/** @returns what the program said, and the seconds of CPU that it used */
async function run(program: string, args: string[], seconds: number) {
  const usage = ['-q', '-f', '%U %S', 'taskset', '-c', String(LOAD_CORE)];
  const child = spawn('/usr/bin/time', [...usage, program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: seconds * 1000 + GRACE_MS,
  });
  const [said, complaints] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  const [user = NaN, system = NaN] =
    complaints.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { said, complaints, cpu: user + system };
}
