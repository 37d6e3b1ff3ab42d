import ipaddr from 'ipaddr.js';

/** @param address a text that `isIPv6` accepts, with or without a zone. */
export function parseIpv6(address: string): ipaddr.IPv6 {
  const [bare = ''] = address.split('%');
  // ipaddr.js reads `::192.0.2.1` (IPv4-compatible, RFC 4291 §2.5.5.1) as `::ffff:192.0.2.1`, but `::0:192.0.2.1` as it
  // is.
  return ipaddr.IPv6.parse(bare.replace(/^::(?=\d+\.)/, '::0:'));
}
