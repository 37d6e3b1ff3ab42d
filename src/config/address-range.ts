import ipaddr from 'ipaddr.js';
import { isIP, isIPv4 } from 'node:net';
import { parseIpv6 } from '../common/parse-ipv6.js';
import { accepted, refused, type Parsed } from './setting-type.js';

export interface AddressRange {
  family: 4 | 6;
  base: bigint;
  prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** 10.0.0.0/8, the largest private range (RFC 1918). */
const WIDEST_IPV4_PREFIX = 8;
/** fc00::/7, the largest private range (RFC 4193). */
const WIDEST_IPV6_PREFIX = 7;
/**
 * Ranges in which IPv6 addresses contain every IPv4 address: mapped (::ffff:0:0/96, RFC 4291 §2.5.5.2) and 6to4
 * (2002::/16, RFC 3056). NAT64 (64:ff9b::/96) is not listed: networks without IPv4 need all of it.
 */
const IPV4_WITHIN_IPV6: readonly AddressRange[] = [
  { family: 6, base: 0xffffn << 32n, prefix: 96 },
  { family: 6, base: 0x2002n << 112n, prefix: 16 },
];

export function parseAddressRange(text: string): Parsed<AddressRange> {
  const [address = '', prefixText, ...rest] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || address.includes('%') || rest.length > 0) {
    return refused('must be an IP address or a CIDR range such as 10.0.0.0/8 or fd00::/8');
  }
  const bits = BITS[family];
  if (prefixText !== undefined && !/^(0|[1-9]\d{0,2})$/.test(prefixText)) {
    return refused('must have a whole number behind the slash of a range');
  }
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return refused(`must have at most ${bits} behind the slash of an IPv${family} range`);
  const base = integerOf(address);
  if (base !== firstAddress(base, prefix, bits)) {
    return refused('must name its range by the first address (10.0.0.0/8, not 10.1.2.3/8)');
  }
  return accepted({ family, base, prefix });
}

/** The range is wider than any private range, or as wide within the IPv6 addresses that contain IPv4 addresses. */
export function opensEverything({ family, base, prefix }: AddressRange): boolean {
  if (family === 4) return prefix < WIDEST_IPV4_PREFIX;
  if (prefix < WIDEST_IPV6_PREFIX) return true;
  return IPV4_WITHIN_IPV6.some((block) => {
    const shared = Math.min(prefix, block.prefix);
    const isMet = firstAddress(base, shared, BITS[6]) === firstAddress(block.base, shared, BITS[6]);
    return isMet && prefix < block.prefix + WIDEST_IPV4_PREFIX;
  });
}

function firstAddress(address: bigint, prefix: number, bits: number): bigint {
  const hostBits = BigInt(bits - prefix);
  return (address >> hostBits) << hostBits;
}

/** @param address a text that `isIP` accepts, without a zone. */
function integerOf(address: string): bigint {
  const parsed = isIPv4(address) ? ipaddr.IPv4.parse(address) : parseIpv6(address);
  return BigInt(`0x${Buffer.from(parsed.toByteArray()).toString('hex')}`);
}
