import { networkInterfaces } from 'node:os';
import { AddressRanges } from './blocked-ranges.js';

/** Interfaces come and go; asking for them takes longer than the rest of a check. */
const FRESH_MS = 10_000;

/**
 * The addresses of this machine's interfaces. One of them may be public, and still a connection to it stays within the
 * machine: it passes by the firewall that keeps others from what listens there.
 */
export class OwnAddresses {
  private ranges = new AddressRanges([]);
  private freshUntil = -Infinity;

  /** @param list what the machine has, for tests; by default the operating system is asked. */
  constructor(private readonly list: () => string[] = addressesOfInterfaces) {}

  includes(address: string): boolean {
    const now = performance.now();
    if (now >= this.freshUntil) {
      this.ranges = new AddressRanges(this.list().map((own) => `${own}/${own.includes(':') ? 128 : 32}`));
      this.freshUntil = now + FRESH_MS;
    }
    return this.ranges.includes(address);
  }
}

function addressesOfInterfaces(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address));
}
