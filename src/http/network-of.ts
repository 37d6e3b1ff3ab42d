import { isIPv4, isIPv6 } from 'node:net';
import { parseIpv6 } from '../common/parse-ipv6.js';

/** RFC 6177: a site has at least a /64, so a sender can use as many addresses as it likes. */
const SITE_GROUPS = 4;

/**
 * One sender: an IPv4 address, or the /64 of an IPv6 address.
 *
 * @param address undefined when the connection is gone. A proxy may pass on a client's text that is no address: it
 *   belongs to nobody and must not be taken for a sender's name.
 */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'gone';
  if (isIPv4(address)) return address;
  const [bare = ''] = address.split('%');
  if (!isIPv6(bare)) return 'unknown';
  const ipv6 = parseIpv6(bare);
  if (ipv6.isIPv4MappedAddress()) return ipv6.toIPv4Address().toString();
  const site = ipv6.parts.slice(0, SITE_GROUPS);
  return site.map((group) => group.toString(16)).join(':');
}
