import { BlockList, isIP, isIPv4 } from 'node:net';

export interface BlockedRange {
  cidr: string;
  source: string;
  reason: string;
}

/** IPv4 is open except for these: the IANA special-purpose registry, and one cloud's host agent on a public address. */
export const BLOCKED_IPV4_RANGES: readonly BlockedRange[] = [
  { cidr: '0.0.0.0/8', source: 'RFC 791 §3.2', reason: 'this network; Linux connects 0.0.0.0 to itself' },
  { cidr: '10.0.0.0/8', source: 'RFC 1918', reason: 'private' },
  { cidr: '100.64.0.0/10', source: 'RFC 6598', reason: 'carrier NAT; Alibaba metadata at 100.100.100.200' },
  { cidr: '127.0.0.0/8', source: 'RFC 1122 §3.2.1.3', reason: 'loopback' },
  {
    cidr: '168.63.129.16/32',
    source: 'Azure documentation',
    reason: "the Azure host's WireServer, on a public address",
  },
  { cidr: '169.254.0.0/16', source: 'RFC 3927', reason: 'link-local; cloud metadata at 169.254.169.254' },
  { cidr: '172.16.0.0/12', source: 'RFC 1918', reason: 'private' },
  { cidr: '192.0.0.0/24', source: 'RFC 6890', reason: 'protocol assignments; Oracle metadata at 192.0.0.192' },
  { cidr: '192.0.2.0/24', source: 'RFC 5737', reason: 'documentation' },
  { cidr: '192.31.196.0/24', source: 'RFC 7535', reason: 'AS112: answers come from the nearest network' },
  { cidr: '192.52.193.0/24', source: 'RFC 7450', reason: 'multicast tunnelling relay' },
  { cidr: '192.88.99.0/24', source: 'RFC 7526', reason: '6to4 relay' },
  { cidr: '192.168.0.0/16', source: 'RFC 1918', reason: 'private' },
  { cidr: '192.175.48.0/24', source: 'RFC 7534', reason: 'AS112: answers come from the nearest network' },
  { cidr: '198.18.0.0/15', source: 'RFC 2544', reason: 'benchmarking' },
  { cidr: '198.51.100.0/24', source: 'RFC 5737', reason: 'documentation' },
  { cidr: '203.0.113.0/24', source: 'RFC 5737', reason: 'documentation' },
  { cidr: '224.0.0.0/4', source: 'RFC 5771', reason: 'multicast' },
  { cidr: '240.0.0.0/4', source: 'RFC 1112 §4', reason: 'reserved; broadcast' },
];

/**
 * IPv6 is closed except for this block. So every form that carries an IPv4 address (mapped, compatible, translated,
 * NAT64) is blocked, as are loopback, unique local, link-local, multicast and unallocated addresses. `net.BlockList`
 * and common libraries each miss some.
 */
export const GLOBAL_UNICAST_IPV6 = { cidr: '2000::/3', source: 'RFC 4291 §2.4', reason: 'global unicast' } as const;

export const BLOCKED_IPV6_RANGES: readonly BlockedRange[] = [
  { cidr: '2001::/23', source: 'RFC 2928', reason: 'protocol assignments: Teredo, ORCHID, benchmarking' },
  { cidr: '2001:db8::/32', source: 'RFC 3849', reason: 'documentation' },
  { cidr: '2002::/16', source: 'RFC 3056', reason: '6to4: carries an IPv4 address' },
  { cidr: '2620:4f:8000::/48', source: 'RFC 7534', reason: 'AS112: answers come from the nearest network' },
  { cidr: '3fff::/20', source: 'RFC 9637', reason: 'documentation' },
];

/** The families are kept apart: `net.BlockList` lets an IPv4 rule match IPv6-mapped addresses. */
export class AddressRanges {
  private readonly ipv4 = new BlockList();
  private readonly ipv6 = new BlockList();

  /** @param cidrs `address/prefix`, of either family. Throws on anything else. */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [network = '', prefix = ''] = cidr.split('/');
      if (!isIP(network) || !/^\d{1,3}$/.test(prefix)) throw new RangeError(`not a CIDR range: ${cidr}`);
      if (isIPv4(network)) this.ipv4.addSubnet(network, Number(prefix), 'ipv4');
      else this.ipv6.addSubnet(network, Number(prefix), 'ipv6');
    }
  }

  /** @param address an IP address without a zone; any other text is in no range. */
  includes(address: string): boolean {
    return isIPv4(address) ? this.ipv4.check(address, 'ipv4') : this.ipv6.check(address, 'ipv6');
  }
}

const blocked = new AddressRanges([...BLOCKED_IPV4_RANGES, ...BLOCKED_IPV6_RANGES].map(({ cidr }) => cidr));
const globalUnicastIpv6 = new AddressRanges([GLOBAL_UNICAST_IPV6.cidr]);

/**
 * Whether a socket may be opened to this address.
 *
 * @param address an IP address as text; an IPv6 zone (`%eth0`) is ignored. Any other text is refused.
 * @param allowRanges the operator's exceptions (EGRESS_ALLOW).
 */
export function isAllowedAddress(address: string, allowRanges: AddressRanges): boolean {
  if (!isIP(address)) return false;
  const [bare = ''] = address.split('%');
  if (allowRanges.includes(bare)) return true;
  return !blocked.includes(bare) && (isIPv4(bare) || globalUnicastIpv6.includes(bare));
}
