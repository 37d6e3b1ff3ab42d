const FIRST_CAPACITY = 1024;

/** In the unit of the values; 0: there were none. */
export interface Distribution {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** All values are kept: a percentile is one of them and not an estimate. */
export class Samples {
  private values = new Float64Array(FIRST_CAPACITY);
  private count = 0;
  private taken = 0;

  add(value: number): void {
    if (this.count === this.values.length) {
      const larger = new Float64Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.count] = value;
    this.count += 1;
  }

  /** What was added since the last call. The values are not copied. */
  takeNew(): Samples {
    const latest = new Samples();
    latest.values = this.values.subarray(this.taken, this.count);
    latest.count = latest.values.length;
    this.taken = this.count;
    return latest;
  }

  static distributionOf(collections: Iterable<Samples>): Distribution {
    const parts = [...collections].map(({ values, count }) => values.subarray(0, count));
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      all.set(part, offset);
      offset += part.length;
    }
    all.sort();
    return {
      count: all.length,
      p50: quantile(all, 0.5),
      p95: quantile(all, 0.95),
      p99: quantile(all, 0.99),
      max: quantile(all, 1),
    };
  }

  get distribution(): Distribution {
    return Samples.distributionOf([this]);
  }
}

/** The smallest value that at least this share of the sorted values does not exceed (nearest rank). */
function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
