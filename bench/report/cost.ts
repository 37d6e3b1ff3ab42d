/** At one size of the database. */
export interface Cost {
  name: string;
  unit: 'ms' | '/s' | 'B' | 'GB';
  /** The 95th percentile of many measurements, or the only one. */
  value: number;
  /** Null: there was only one measurement. */
  p50: number | null;
  goal: Goal | null;
}

/** Upper limits. Null: there is none. */
export interface Goal {
  most: number;
  /** At the largest size, relative to the smallest. */
  ratio: number | null;
}
