import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { startReplica } from '../support/app.js';
import { createTestDatabase } from '../support/database.js';

jest.setTimeout(120_000);

/** Until nothing has been found for long enough. */
const SETTLING_MS = 25_000;
const COUNTED_MS = 30_000;
/**
 * The claims' one, half a heartbeat, half a look at lost leases, half a look at locks, and what comes less often. Over the one
 * session of the embedded engine a replica that takes it for a server tries in vain to take its lock, by four statements.
 */
const MOST_PER_SECOND = { server: 4, embedded: 5.5 };

it('A process with nothing to do asks the database little', async () => {
  const test = await createTestDatabase();
  const replica = await startReplica(test);
  // Every connection of ours is one, that which holds the lock too.
  const query = jest.spyOn(pg.Client.prototype, 'query');
  try {
    await delay(SETTLING_MS);
    query.mockClear();
    await delay(COUNTED_MS);
    const perSecond = query.mock.calls.length / (COUNTED_MS / 1_000);
    expect(perSecond).toBeGreaterThan(1);
    expect(perSecond).toBeLessThan(MOST_PER_SECOND[test.engine]);
  } finally {
    query.mockRestore();
    await replica.close();
    await test.close();
  }
});
