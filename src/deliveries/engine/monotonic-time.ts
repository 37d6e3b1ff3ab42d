/**
 * Unix time in whole milliseconds as it was at this process's start, and as much later as has passed since: it never goes
 * back, whatever the system's clock is set to. Only times of one process can be compared.
 */
export function monotonicMs(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
