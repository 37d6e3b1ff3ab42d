/** What one thing costs at one size of the database. */
export interface Cost {
  name: string;
  unit: 'ms' | '/s' | 'B' | 'GB';
  /** Where many were measured, their 95th percentile. */
  value: number;
  /** Null: one was measured. */
  p50: number | null;
  goal: Goal | null;
}

/** What it may cost at the most. Null: anything. */
export interface Goal {
  most: number;
  /** At the largest size, against the smallest. */
  ratio: number | null;
}
