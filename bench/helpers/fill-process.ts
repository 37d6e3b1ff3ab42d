import pg from 'pg';
import { copyIn } from '../service/copy-in.js';
import { type CopyFormat, CopyRows } from '../service/copy-rows.js';
import { History, type HistoryPlan, type PastDelivery } from '../service/history.js';
import { ATTEMPT_ROWS, DELIVERY_ROWS, EVENT_ROWS } from '../service/history-rows.js';
import { DAY_MS, type PartitionedTable, partitionOf } from '../../src/database/partitions/day-partition.js';
import { serve } from './helper-process.js';

export interface DayOfHistory {
  databaseUrl: string;
  plan: HistoryPlan;
  /** Since 1970-01-01, in UTC. */
  day: number;
}

export interface FillProcedures {
  /** Returns the deliveries that were stored. The earlier content of the day's partitions is gone. */
  fillDay: (day: DayOfHistory) => Promise<number>;
}

serve<FillProcedures>({
  fillDay: async ({ databaseUrl, plan, day }) => {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    try {
      // Made anew for each table: to hold a day's deliveries costs more than to make them.
      const deliveries = (): Iterable<PastDelivery> => new History(plan).between(day * DAY_MS, (day + 1) * DAY_MS);
      await fill(client, 'event', day, EVENT_ROWS, deliveries());
      await fill(client, 'attempt', day, ATTEMPT_ROWS, attemptsBeforeTheLast(deliveries()));
      return await fill(client, 'delivery', day, DELIVERY_ROWS, deliveries());
    } finally {
      await client.end();
    }
  },
});

function* attemptsBeforeTheLast(deliveries: Iterable<PastDelivery>) {
  for (const delivery of deliveries) {
    for (const attempt of delivery.attempts.slice(0, -1)) yield { delivery, attempt };
  }
}

/** Rows that come into a table emptied in the same transaction need no mark of it, even when they are vacuumed. */
async function fill<Source>(
  client: pg.Client,
  table: PartitionedTable,
  day: number,
  format: CopyFormat<Source>,
  sources: Iterable<Source>,
): Promise<number> {
  const { name } = partitionOf(table, day);
  const copy = `COPY ${name} (${format.columns.join(', ')}) FROM STDIN (FORMAT binary, FREEZE)`;
  await client.query('BEGIN');
  await client.query(`TRUNCATE ${name}`);
  const rows = await copyIn(client, copy, CopyRows.chunksOf(format, sources));
  await client.query('COMMIT');
  return rows;
}
