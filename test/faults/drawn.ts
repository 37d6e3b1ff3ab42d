import { createHash } from 'node:crypto';

/**
 * A number from 0 (included) to 1 (excluded) that the seed and the names decide, and nothing else: no order of calls,
 * so processes that share the seed agree without speaking to each other.
 */
export function drawn(seed: number, ...names: (string | number)[]): number {
  const digest = createHash('sha256')
    .update([seed, ...names].join('/'))
    .digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** A whole number from `min` to `max`, both included. */
export function drawnWhole(range: { min: number; max: number }, seed: number, ...names: (string | number)[]): number {
  return range.min + Math.floor(drawn(seed, ...names) * (range.max - range.min + 1));
}
