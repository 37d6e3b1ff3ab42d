const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1000 + nanoseconds / 1e6 - performance.now();

/**
 * The machine's monotonic clock. It has the same zero in every process, so that they can compare times, and no
 * adjustment of the wall clock moves it.
 */
export function monotonicMs(): number {
  return offsetMs + performance.now();
}
