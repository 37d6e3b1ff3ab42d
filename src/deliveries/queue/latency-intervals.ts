/** For each doubling of the duration. The middle of an interval is within 3.2 % of what it holds. */
const INTERVALS_PER_DOUBLING = 16;

const EXACT_BELOW_MS = 2 * INTERVALS_PER_DOUBLING;

/** An attempt may take 60 s and a little more. Longer ones count as this long. */
const LONGEST_MS = 131_072;

/** The first millisecond of each interval; its number is its place here. */
const BEGINNINGS: readonly number[] = beginnings();

/** SQL: the number of the interval of a duration in whole milliseconds; NULL of NULL. */
export function latencyIntervalOf(durationMs: string): string {
  return `width_bucket(${durationMs}, '{${BEGINNINGS.slice(1).join(',')}}'::int4[])::int2`;
}

/** In whole milliseconds. */
export function middleOfInterval(interval: number): number {
  const from = BEGINNINGS[interval]!;
  const last = (BEGINNINGS[interval + 1] ?? from + 1) - 1;
  return Math.floor((from + last) / 2);
}

function beginnings(): number[] {
  const result: number[] = [];
  for (let from = 0; from <= LONGEST_MS; from += widthAt(from)) result.push(from);
  return result;
}

function widthAt(ms: number): number {
  return ms < EXACT_BELOW_MS ? 1 : 2 ** Math.floor(Math.log2(ms)) / INTERVALS_PER_DOUBLING;
}
