import { networkInterfaces } from 'node:os';
import { AddressRanges } from './blocked-ranges.js';

/** Interfaces change, and to list them takes longer than the rest of a check. */
const FRESH_MS = 10_000;

/**
 * The addresses of this machine's interfaces. One of them may be public, but a connection to it stays within the
 * machine. So it bypasses the firewall that protects what listens there.
 */
export class OwnAddresses {
  private ranges = new AddressRanges([]);
  private freshUntil = -Infinity;

  /** @param list gives the machine's addresses; tests pass their own, the default asks the operating system. */
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
