const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** A worker that lived so long was well: what ended it is not what ended the one before. */
const WELL_AFTER_MS = 60_000;

/** How often in a row a worker has ended soon after its start, this end included. */
export function failuresAfter(failures: number, livedMs: number): number {
  return livedMs >= WELL_AFTER_MS ? 1 : failures + 1;
}

/** How long a worker is not started again: 1, 2, 4 … 30 seconds. */
export function backOffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
}
