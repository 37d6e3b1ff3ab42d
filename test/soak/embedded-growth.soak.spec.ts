import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import pg from 'pg';
import { DataDirectory } from '../../src/database/embedded/data-directory.js';
import { EmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.js';
import { useReceivers } from '../e2e/receivers.js';
import { Service } from '../support/process.js';
import { TYPESCRIPT_WORKER } from '../support/typescript-worker.js';

jest.setTimeout(240_000);

/** What goes through the embedded database in half a minute: 11 MiB of dead rows in the queue, if they stayed. */
const PASSED_THROUGH = 30_000;
const BATCH = 100;
const BATCH_MS = 100;

describe('the embedded database', () => {
  const receivers = useReceivers();

  it('does not grow with what went through it, beyond the log of that', async () => {
    const service = new Service();
    try {
      await service.start();
      const { client } = await service.tenant();
      const receiver = await receivers.start();
      await client.createWebhook({ target_url: receiver.url() });
      const events = Array.from({ length: BATCH }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
      // At a pace, so that it lasts: what tidies comes round every ten seconds.
      for (let sent = 0; sent < PASSED_THROUGH; sent += BATCH) {
        (await client.post('/event/batch', { events })).expect(202);
        await delay(BATCH_MS);
      }
      await receiver.waitFor(PASSED_THROUGH, 60_000);
      await service.kill('SIGTERM');
      const sizes = await sizesInMiB(service.dataDir);
      // The log of them is there: it was this database.
      expect(sizes['delivery']).toBeGreaterThan(5);
      expect(sizes['delivery_queue']).toBeLessThan(4);
      expect(sizes['webhook_health']).toBeLessThan(1);
      // New, it has 8.
      expect(sizes['system']).toBeLessThan(12);
    } finally {
      await service.stop();
    }
  });
});

/** By table, with its indexes and partitions; the system's tables as one. */
async function sizesInMiB(dataDir: string): Promise<Record<string, number>> {
  const claim = DataDirectory.claim(dataDir);
  const engine = await EmbeddedPostgres.start(claim, { worker: TYPESCRIPT_WORKER });
  const client = new pg.Client(engine.url);
  try {
    await client.connect();
    const { rows } = await client.query<{ table: string; size: number }>(
      `SELECT CASE WHEN relnamespace = 'public'::regnamespace THEN regexp_replace(relname, '_[0-9]{8}$', '')
         ELSE 'system' END AS table,
         (sum(pg_total_relation_size(oid)) / 1048576)::float8 AS size
       FROM pg_class WHERE relkind = 'r' GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ table, size }) => [table, size]));
  } finally {
    await client.end();
    await engine.stop();
    claim.release();
  }
}
