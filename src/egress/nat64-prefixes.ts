import { isIPv6 } from 'node:net';
import type { AddressResolver } from './address-resolver.js';

/** A name without an AAAA record: who gets one was given it by a DNS64, with its prefix in it (RFC 7050). */
const DISCOVERY_NAME = 'ipv4only.arpa';
/** 192.0.0.170 and 192.0.0.171, the addresses of that name (RFC 7050 §2.2). */
const DISCOVERY_ADDRESSES: ReadonlySet<string> = new Set(['192.0.0.170', '192.0.0.171']);
/** Where the IPv4 address is, in bytes, by the prefix's length in bits: byte 8 is left out (RFC 6052 §2.2). */
const PLACES: readonly { prefixBytes: number; at: readonly number[] }[] = [
  { prefixBytes: 4, at: [4, 5, 6, 7] },
  { prefixBytes: 5, at: [5, 6, 7, 9] },
  { prefixBytes: 6, at: [6, 7, 9, 10] },
  { prefixBytes: 7, at: [7, 9, 10, 11] },
  { prefixBytes: 8, at: [9, 10, 11, 12] },
  { prefixBytes: 12, at: [12, 13, 14, 15] },
];
/** How long an answer is believed, and its absence: prefixes change when a network is rebuilt. */
const FRESH_MS = 600_000;
const UNANSWERED_MS = 10_000;

interface Prefix {
  bytes: Buffer;
  at: readonly number[];
}

/**
 * The prefixes of this network's own under which a translator (NAT64) makes IPv6 of all IPv4, private addresses too. They
 * look like any public address, so they are asked for. Not to open anything: what is behind them is refused where the
 * IPv4 address would be.
 */
export class Nat64Prefixes {
  private known: Promise<readonly Prefix[]> | null = null;
  private freshUntil = -Infinity;

  constructor(private readonly resolver: AddressResolver) {}

  /** The IPv4 addresses that these addresses stand for here; none for those that are no translation. */
  async translated(addresses: readonly string[]): Promise<string[]> {
    const ipv6 = addresses.filter((address) => isIPv6(address));
    if (ipv6.length === 0) return [];
    const prefixes = await this.prefixes();
    return ipv6
      .map(bytesOf)
      .flatMap((address) =>
        prefixes
          .filter(({ bytes }) => address.subarray(0, bytes.length).equals(bytes))
          .map(({ at }) => at.map((index) => address[index]).join('.')),
      );
  }

  private prefixes(): Promise<readonly Prefix[]> {
    const now = performance.now();
    if (this.known && now < this.freshUntil) return this.known;
    this.freshUntil = now + FRESH_MS;
    this.known = this.resolver.resolve(DISCOVERY_NAME).then(
      (addresses) => addresses.filter((address) => isIPv6(address)).flatMap(prefixesIn),
      () => {
        this.freshUntil = performance.now() + UNANSWERED_MS;
        return [];
      },
    );
    return this.known;
  }
}

/** Every prefix that the address of the discovery name can have been made with. */
function prefixesIn(address: string): Prefix[] {
  const bytes = bytesOf(address);
  return PLACES.filter(({ at }) => DISCOVERY_ADDRESSES.has(at.map((index) => bytes[index]).join('.'))).map(
    ({ prefixBytes, at }) => ({ bytes: bytes.subarray(0, prefixBytes), at }),
  );
}

function bytesOf(address: string): Buffer {
  const [bare = ''] = address.split('%');
  // The URL parser writes an address in hexadecimal groups, whatever it ended in.
  const groups = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = groups.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
