// The URL of a database, and the part of it that may be shown: never the user and the password.
import { CodedError } from '../../protocol/errors.ts';

const FORM = /^postgres(?:ql)?:\/\/(?:[^@/?#]*@)?([^@/?#]+)(\/[^?#]*)?(?:\?[^#]*)?$/i;

/**
 * Host and database of a URL.
 *
 * @throws CodedError `bad-usage`, which does not repeat the URL
 */
export function placeOf(url: string): string {
  const [, hosts = '', database = ''] = FORM.exec(url) ?? [];
  // Of several hosts, which the driver tries in turn, the first stands for all: URL knows no more.
  const [first = ''] = hosts.split(',');
  if (hosts === '' || !URL.canParse(url.replace(hosts, first)))
    throw new CodedError(
      'bad-usage',
      'The database is a URL such as postgres://user:password@host:5432/database, with %40 for an @ in the password.',
    );
  return `PostgreSQL at ${hosts}${database}`;
}
