import { uuidV7, uuidV7Floor } from '../common/uuid-v7.js';
import type { RecoverableStatus } from './recoverable-status.js';
import type { Queryable } from '../database/queryable.js';
import type { RecoverableFilter } from './recoverable.js';

export const RECOVERY_STATUSES = ['running', 'done', 'stopped'] as const;
export type RecoveryStatus = (typeof RECOVERY_STATUSES)[number];

export interface Recovery {
  id: string;
  webhookId: string;
  since: Date;
  until: Date;
  status: RecoveryStatus;
  /** Found so far; complete once anything is queued. */
  total: number;
  queued: number;
  createdAt: Date;
  completedAt: Date | null;
}

export interface HeldRecovery extends RecoverableFilter {
  id: string;
  /** Everything below is counted; for `queuedTo`, queued. */
  countedTo: string;
  queuedTo: string;
  /** The first id beyond the range. */
  endId: string;
  /** Events may still be missing from its range, see `insertRecovery`. */
  isRangeOpen: boolean;
}

/**
 * How long a recovery waits for those who were storing events when it began. Ours take less (PIPELINE_PATIENCE); a
 * session left open must not hold it up for ever.
 */
const WRITERS_PATIENCE = '30 seconds';

const SHOWN = `id, webhook_id AS "webhookId", since, until, status, total, queued, created_at AS "createdAt",
  completed_at AS "completedAt"`;

/** SQL: who is storing events now. They hold this lock from before they read the webhooks until they commit. */
const WRITERS = `
  SELECT virtualtransaction FROM pg_locks
  WHERE locktype = 'relation' AND relation = 'event'::regclass AND mode = 'RowExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

export interface NewRecovery {
  environmentId: string;
  webhookId: string;
  since: Date;
  until: Date;
  /** Null: every type. */
  eventTypes: readonly string[] | null;
  statuses: readonly RecoverableStatus[];
  createdAt: Date;
}

/**
 * Begins a recovery. A statement that stores events may have read the webhook before it became active: whoever is
 * storing now is noted, and nothing is looked at before they have committed. Later statements see the active webhook.
 *
 * @returns null when one already runs for the webhook.
 */
export async function insertRecovery(database: Queryable, recovery: NewRecovery): Promise<Recovery | null> {
  const { since, until, createdAt } = recovery;
  const from = uuidV7Floor(since.getTime());
  const [row] = await database.query<Recovery[]>(
    `INSERT INTO recovery (id, environment_id, webhook_id, since, until, event_types, statuses, counted_to, queued_to,
       end_id, created_at, earlier_writers)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, ARRAY(${WRITERS} AND pid <> pg_backend_pid()))
     ON CONFLICT (webhook_id) WHERE status = 'running' DO NOTHING
     RETURNING ${SHOWN}`,
    [
      uuidV7(createdAt.getTime()),
      recovery.environmentId,
      recovery.webhookId,
      since,
      until,
      recovery.eventTypes,
      recovery.statuses,
      from,
      uuidV7Floor(until.getTime()),
      createdAt,
    ],
  );
  return row ?? null;
}

export async function findRecovery(database: Queryable, webhookId: string): Promise<Recovery | null> {
  const [row] = await database.query<Recovery[]>(
    `SELECT ${SHOWN} FROM recovery WHERE webhook_id = $1 ORDER BY id DESC LIMIT 1`,
    [webhookId],
  );
  return row ?? null;
}

/** The oldest 1,000. */
export async function listRunning(database: Queryable): Promise<{ environmentId: string; id: string }[]> {
  return database.query(
    `SELECT environment_id AS "environmentId", id FROM recovery WHERE status = 'running' ORDER BY id LIMIT 1000`,
  );
}

/** Locks a running recovery. Null: another has it, or it has ended. */
export async function holdRecovery(
  database: Queryable,
  { environmentId, id }: { environmentId: string; id: string },
): Promise<HeldRecovery | null> {
  const [row] = await database.query<HeldRecovery[]>(
    `SELECT id, environment_id AS "environmentId", webhook_id AS "webhookId", event_types AS "eventTypes", statuses,
       created_at AS "endedBefore", counted_to AS "countedTo", queued_to AS "queuedTo", end_id AS "endId",
       CASE
         WHEN cardinality(earlier_writers) = 0 OR created_at < now() - interval '${WRITERS_PATIENCE}' THEN false
         ELSE EXISTS (${WRITERS} AND virtualtransaction = ANY (earlier_writers))
       END AS "isRangeOpen"
     FROM recovery WHERE environment_id = $1 AND id = $2 AND status = 'running'
     FOR UPDATE SKIP LOCKED`,
    [environmentId, id],
  );
  return row ?? null;
}

/** One that has come to its end is done. */
export async function advanceRecovery(
  database: Queryable,
  { environmentId, id }: HeldRecovery,
  progress: { found?: number; countedTo?: string; queued?: number; queuedTo?: string },
): Promise<void> {
  await database.query(
    `UPDATE recovery
     SET total = total + $3, queued = queued + $4, counted_to = coalesce($5, counted_to),
       queued_to = coalesce($6, queued_to), status = CASE WHEN $6 = end_id THEN 'done' ELSE status END,
       completed_at = CASE WHEN $6 = end_id THEN clock_timestamp() END
     WHERE environment_id = $1 AND id = $2`,
    [
      environmentId,
      id,
      progress.found ?? 0,
      progress.queued ?? 0,
      progress.countedTo ?? null,
      progress.queuedTo ?? null,
    ],
  );
}
