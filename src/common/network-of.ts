import { isIPv4, isIPv6 } from 'node:net';

/** RFC 6177: a site has at least this much, so one sender has as many addresses as it likes. */
const SITE_GROUPS = 4;

/**
 * Who is counted as one sender: an IPv4 address, or the /64 of an IPv6 one.
 *
 * @param address undefined where the connection has gone, and its address with it. What is none, as a proxy may have let
 *   through from a client, is nobody's: it must not be taken for somebody's name.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'gone';
  if (isIPv4(address)) return address;
  const [bare = ''] = address.split('%');
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return 'unknown';
  // The URL parser leaves one spelling.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.slice(0, SITE_GROUPS).join(':');
}
