import { isIPv6 } from 'node:net';

/** RFC 6177: a site has at least this much, so one sender has as many addresses as it likes. */
const SITE_GROUPS = 4;

/** Who is counted as one sender: an IPv4 address, or the /64 of an IPv6 one. */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%');
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare) ?? [];
  if (mapped !== undefined || !isIPv6(bare)) return mapped ?? bare;
  // The URL parser leaves one spelling.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical.split('::').map((part) => part.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return groups.slice(0, SITE_GROUPS).join(':');
}
