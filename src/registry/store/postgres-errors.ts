// What a failure of PostgreSQL or of the way there means: try again, the connection is gone, or the
// server does not serve just now.
import postgres from 'postgres';

/** What a transaction relied on has gone meanwhile: it is tried again. */
export class TryAgain extends Error {}

/**
 * Serialization and deadlock; a row that another one inserted, or took away, at the same moment; a table or
 * an extension that another one made.
 */
const IN_THE_WAY = new Set(['40001', '40P01', '23505', '23503', '42P07', '42710']);
/** Of SQLSTATE: connections, authorization, resources, operator and time limits, system errors. */
const UNAVAILABLE_CLASSES = new Set(['08', '28', '3D', '53', '57', '58']);
/** A lock that was not to be had, a transaction that idled, a server that only reads. */
const UNAVAILABLE = new Set(['55P03', '25P03', '25006']);
/** The server ends the connection with these. */
const ENDS_THE_CONNECTION = /^(?:08|28|3D|53|57P|25P03)/;

export function isInTheWay(error: unknown): boolean {
  return (
    error instanceof TryAgain ||
    (error instanceof postgres.PostgresError && IN_THE_WAY.has(error.code))
  );
}

/** Whether the connection has gone. */
export function isLost(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return ENDS_THE_CONNECTION.test(error.code);
  return isOfTheSystem(error);
}

export function isUnavailable(error: unknown): boolean {
  if (error instanceof postgres.PostgresError)
    return UNAVAILABLE.has(error.code) || UNAVAILABLE_CLASSES.has(error.code.slice(0, 2));
  return isOfTheSystem(error);
}

/** Whether a server that does not serve may do so in a moment: not where it knows no such user or database. */
export function mayServeSoon(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return /^(?:08|53|57|58)/.test(error.code);
  return isOfTheSystem(error) && /^(?:CONNECT|E[A-Z_]+$)/.test((error as { code: string }).code);
}

/** In a few words, without what the server said of the statement or the way there. */
export function reasonOf(error: unknown): string {
  if (error instanceof postgres.PostgresError) return `SQLSTATE ${error.code}`;
  return (error as NodeJS.ErrnoException).code ?? 'no connection';
}

/** Of a socket, of TLS, of the name service, or the driver's own for these. */
function isOfTheSystem(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return false;
  return (
    /^(?:CONNECT|SASL_|E[A-Z_]+$|CERT_|DEPTH_|SELF_SIGNED|UNABLE_|HOSTNAME_)/.test(error.code) &&
    !error.code.startsWith('ERR_INVALID')
  );
}
