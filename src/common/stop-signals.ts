/** A closed terminal sends SIGHUP. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Signals within this time count as one. On Ctrl-C npm's child gets SIGINT from the terminal and, some milliseconds
 * later, from npm.
 */
export const ONE_SIGNAL_MS = 1_000;

/** @param firstAtMs `performance.now()` of the first signal. */
export function isRepeated(firstAtMs: number): boolean {
  return performance.now() - firstAtMs >= ONE_SIGNAL_MS;
}
