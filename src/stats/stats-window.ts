const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

interface Window {
  lengthS: number;
  bucketS: number;
}

export const STATS_WINDOWS = ['1h', '24h', '7d', '30d'] as const;
export type StatsWindow = (typeof STATS_WINDOWS)[number];

export const WINDOWS: Readonly<Record<StatsWindow, Window>> = {
  '1h': { lengthS: HOUR_S, bucketS: MINUTE_S },
  '24h': { lengthS: DAY_S, bucketS: HOUR_S },
  '7d': { lengthS: 7 * DAY_S, bucketS: HOUR_S },
  '30d': { lengthS: 30 * DAY_S, bucketS: DAY_S },
};

/** The width of kept buckets, and how old they get before they become part of wider ones, in seconds. */
export interface Level {
  widthS: number;
  forS: number;
}

/** Narrow first. A window never finds a bucket wider than its own. After the last level buckets are in no window. */
export const LEVELS: readonly Level[] = [
  { widthS: MINUTE_S, forS: 2 * HOUR_S },
  { widthS: HOUR_S, forS: 8 * DAY_S },
  { widthS: DAY_S, forS: 32 * DAY_S },
];

/**
 * The beginnings of a window's buckets, in Unix milliseconds. The first is whole, so the window is up to one bucket
 * longer than its name says. `nowMs` lies in the last.
 */
export function bucketsOf({ lengthS, bucketS }: Window, nowMs: number): number[] {
  const bucketMs = bucketS * 1_000;
  const last = Math.floor(nowMs / bucketMs);
  const first = Math.floor((nowMs - lengthS * 1_000) / bucketMs);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * bucketMs);
}
