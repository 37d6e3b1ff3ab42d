import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from './clock.js';

export interface Plan {
  /** By `monotonicMs`. */
  startMs: number;
  endMs: number;
  perSecond: number;
  /** Ends the plan early. */
  signal?: AbortSignal;
}

/**
 * Begins something at each instant of a fixed grid, whether or not what began before has ended. What begins late is told
 * its planned instant, so that waiting counts.
 *
 * @param begin returns false when it cannot begin now; it is asked again.
 */
export async function atPlannedInstants(
  { startMs, endMs, perSecond, signal }: Plan,
  begin: (atMs: number) => boolean,
): Promise<void> {
  const total = Math.floor(((endMs - startMs) * perSecond) / 1000);
  for (let begun = 0; begun < total && !signal?.aborted; await delay(1)) {
    const due = Math.min(total, Math.floor(((monotonicMs() - startMs) * perSecond) / 1000) + 1);
    while (begun < due && begin(startMs + (begun * 1000) / perSecond)) begun += 1;
  }
}
