/**
 * Unix time in whole milliseconds at this process's start, and the time that has passed since. It never goes back when
 * the system's clock is set. Compare only times of one process.
 */
export function monotonicMs(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
