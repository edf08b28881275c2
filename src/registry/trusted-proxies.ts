// Which proxies are believed when they say for whom they call: addresses and ranges, and no names.
import ipaddr from 'ipaddr.js';
import { CodedError } from '../protocol/errors.ts';
import { parseAddress } from '../protocol/endpoints.ts';

/**
 * An address, or a range in CIDR form, canonical.
 *
 * @throws CodedError `bad-usage`
 */
export function parseProxy(text: string): string {
  const [address = '', bits, ...more] = text.trim().split('/');
  try {
    const canonical = parseAddress(address);
    if (bits === undefined) return canonical;
    if (more.length === 0 && /^\d{1,3}$/.test(bits)) {
      const range = `${canonical}/${Number(bits)}`;
      ipaddr.parseCIDR(range);
      // All of the Internet as a proxy would let everybody be anybody.
      if (Number(bits) > 0) return range;
    }
  } catch {
    // Told below, in one way for all that can be wrong with it.
  }
  throw new CodedError(
    'bad-usage',
    `${text}: a proxy is an address or a range, such as 192.0.2.7 or 10.0.0.0/8.`,
  );
}
