// The log: JSON lines on stderr, so that stdout carries data alone.
import { pino, type Logger } from 'pino';
import { printableJson } from '../protocol/names.ts';

export type { Logger };

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const STDERR = 2;

export function createLog(level: LogLevel): Logger {
  // A line ends in a line feed, the only control that is not a stranger's.
  const streamWrite = (line: string) => `${printableJson(line.trimEnd())}\n`;
  const stderr = pino.destination({ dest: STDERR, sync: true });
  return pino({ level, base: null, hooks: { streamWrite } }, stderr);
}
