import { networkInterfaces } from 'node:os';
import { AddressRanges } from './blocked-ranges.js';

/** Interfaces change, and to list them takes longer than the rest of a check. */
const FRESH_MS = 10_000;

/** A connection to an address of this machine, even a public one, stays within it and bypasses the firewall. */
export class OwnAddresses {
  private ranges = new AddressRanges([]);
  private freshUntil = -Infinity;

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
