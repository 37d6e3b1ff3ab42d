/** Of each doubling of the duration: none is wider than a sixteenth of what it holds, so its middle is within 3.2 %. */
const INTERVALS_PER_DOUBLING = 16;

/** Up to here, in milliseconds, an interval is one millisecond. */
const EXACT_BELOW_MS = 2 * INTERVALS_PER_DOUBLING;

/** An attempt may take 60 s, and its end a moment more. What is longer counts as this long. */
const LONGEST_MS = 131_072;

/** Where each interval begins, in milliseconds; the number of an interval is its place here. */
const BEGINNINGS: readonly number[] = beginnings();

/** SQL: the number of the interval in which a duration in whole milliseconds lies; of NULL NULL. */
export function latencyIntervalOf(durationMs: string): string {
  return `width_bucket(${durationMs}, '{${BEGINNINGS.slice(1).join(',')}}'::int4[])::int2`;
}

/** The middle of an interval in whole milliseconds, at most 3.2 % from any duration in it. */
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
