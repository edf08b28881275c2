// The log: JSON lines on stderr, so that stdout carries data alone.
import { pino, type Logger } from 'pino';

export type { Logger };

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const STDERR = 2;

export function createLog(level: LogLevel): Logger {
  return pino({ level, base: null }, pino.destination({ dest: STDERR, sync: true }));
}
