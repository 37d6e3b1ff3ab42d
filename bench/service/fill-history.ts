import { cpus } from 'node:os';
import type pg from 'pg';
import { dayOf } from '../../src/database/partitions/day-partition.js';
import type { FillProcedures } from '../helpers/fill-process.js';
import { startHelper } from '../start-helper.js';
import type { Workspace } from '../workspace.js';
import { copyIn } from './copy-in.js';
import { type CopyFormat, CopyRows } from './copy-rows.js';
import { History, type HistoryPlan, type PastDelivery } from './history.js';
import { EVENT_ROWS, queueRows } from './history-rows.js';

/** Each has a process of the server's beside it. */
const PROCESSES_MAX = 4;

/** With their events and attempts, in partitions that exist and are empty. */
export async function fillHistory(workspace: Workspace, databaseUrl: string, plan: HistoryPlan): Promise<void> {
  const first = dayOf(plan.fromMs);
  const days = Array.from({ length: dayOf(plan.untilMs - 1) - first + 1 }, (_, index) => first + index);
  let stored = 0;
  const work = async (): Promise<void> => {
    const helper = startHelper<FillProcedures>(workspace, 'fill');
    try {
      for (let day = days.shift(); day !== undefined; day = days.shift()) {
        const rows = await helper.call('fillDay', { databaseUrl, plan, day });
        stored += rows;
      }
    } finally {
      await helper.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(PROCESSES_MAX, cpus().length) }, work));
  if (stored !== plan.count) throw new Error(`${stored} deliveries were stored of ${plan.count}`);
}

export function fillWaitingEvents(client: pg.Client, plan: HistoryPlan): Promise<number> {
  return fill(client, 'event', EVENT_ROWS, plan);
}

/**
 * Replaces all waiting deliveries by the plan's.
 *
 * @param dueAtMs Unix time in milliseconds.
 */
export async function fillQueue(client: pg.Client, plan: HistoryPlan, dueAtMs: number): Promise<void> {
  await client.query('TRUNCATE delivery_queue');
  await fill(client, 'delivery_queue', queueRows(dueAtMs), plan);
  await client.query('VACUUM (ANALYZE) delivery_queue');
}

function fill(client: pg.Client, table: string, format: CopyFormat<PastDelivery>, plan: HistoryPlan): Promise<number> {
  const all = new History(plan).between(plan.fromMs, plan.untilMs);
  const copy = `COPY ${table} (${format.columns.join(', ')}) FROM STDIN (FORMAT binary)`;
  return copyIn(client, copy, CopyRows.chunksOf(format, all));
}
