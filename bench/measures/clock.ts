const [seconds, nanoseconds] = process.hrtime();
const offsetMs = seconds * 1000 + nanoseconds / 1e6 - performance.now();

/**
 * Milliseconds on the machine's monotonic clock. It has the same zero in every process, so that one can send an instant
 * and another can tell how long ago it was; no adjustment of the wall clock moves it.
 */
export function monotonicMs(): number {
  return offsetMs + performance.now();
}
