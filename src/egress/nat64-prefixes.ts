import { isIPv6 } from 'node:net';
import { parseIpv6 } from '../common/parse-ipv6.js';
import type { AddressResolver } from './address-resolver.js';

/** A name without an AAAA record. Whoever gets one has it from a DNS64, with its prefix in it (RFC 7050). */
const DISCOVERY_NAME = 'ipv4only.arpa';
const DISCOVERY_ADDRESSES: ReadonlySet<string> = new Set(['192.0.0.170', '192.0.0.171']);
/** Where the IPv4 address is, in bytes, by the prefix length in bits: byte 8 is skipped (RFC 6052 §2.2). */
const PLACES: readonly { prefixBytes: number; at: readonly number[] }[] = [
  { prefixBytes: 4, at: [4, 5, 6, 7] },
  { prefixBytes: 5, at: [5, 6, 7, 9] },
  { prefixBytes: 6, at: [6, 7, 9, 10] },
  { prefixBytes: 7, at: [7, 9, 10, 11] },
  { prefixBytes: 8, at: [9, 10, 11, 12] },
  { prefixBytes: 12, at: [12, 13, 14, 15] },
];
/** Prefixes change when a network is rebuilt. */
const FRESH_MS = 600_000;
const UNANSWERED_MS = 10_000;

interface Prefix {
  bytes: Buffer;
  at: readonly number[];
}

/**
 * The prefixes under which a translator (NAT64) of this network maps all IPv4 addresses, private ones too. They look
 * like public addresses, so the network is asked for them. An address behind them is refused where its IPv4 address
 * would be; they never allow anything.
 */
export class Nat64Prefixes {
  private known: Promise<readonly Prefix[]> | null = null;
  private freshUntil = -Infinity;

  constructor(private readonly resolver: AddressResolver) {}

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

function prefixesIn(address: string): Prefix[] {
  const bytes = bytesOf(address);
  return PLACES.filter(({ at }) => DISCOVERY_ADDRESSES.has(at.map((index) => bytes[index]).join('.'))).map(
    ({ prefixBytes, at }) => ({ bytes: bytes.subarray(0, prefixBytes), at }),
  );
}

function bytesOf(address: string): Buffer {
  return Buffer.from(parseIpv6(address).toByteArray());
}
