const GOLDEN = 0x9e37_79b9;
const TWO_TO_32 = 4_294_967_296;

/**
 * Random numbers that depend only on the seed and n: the n-th thing is always the same. By mulberry32, which is fast
 * and even, but keeps no secret.
 */
export class SeededRandom {
  private state = 0;

  constructor(private readonly seed: number) {}

  /** To the numbers of the n-th thing. */
  goTo(n: number): void {
    this.state = mixed(Math.imul(this.seed, GOLDEN) ^ mixed(n));
  }

  /** From 0 to 2³² − 1. */
  uint32(): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let value = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return (value ^ (value >>> 14)) >>> 0;
  }

  /** From 0 to 1, 1 excluded. */
  share(): number {
    return this.uint32() / TWO_TO_32;
  }

  /** Around a median, as durations are: the logarithm is normally distributed. */
  logNormal(median: number, sigma: number): number {
    // Box and Muller's; 1 − share is never 0.
    const normal = Math.sqrt(-2 * Math.log(1 - this.share())) * Math.cos(2 * Math.PI * this.share());
    return median * Math.exp(sigma * normal);
  }
}

/** A bijection of 32 bits that separates neighbours (MurmurHash3's last step). */
function mixed(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35);
  return bits ^ (bits >>> 16);
}
