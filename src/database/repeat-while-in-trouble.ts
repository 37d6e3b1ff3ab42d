import { setTimeout as delay } from 'node:timers/promises';
import { isPassingTrouble } from '../common/database-trouble.js';

/** A server that is back takes sessions at once. */
export const TROUBLE_PAUSE_MS = 100;

/**
 * Does it again while it fails for a trouble of the database that may be over in a moment.
 *
 * @param work may be done twice.
 * @param waitMs the last failure is thrown after so many milliseconds; 0: the first.
 */
export async function repeatWhileInTrouble<T>(work: () => Promise<T>, waitMs: number): Promise<T> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() + TROUBLE_PAUSE_MS > until || !isPassingTrouble(error)) throw error;
    }
    await delay(TROUBLE_PAUSE_MS);
  }
}
