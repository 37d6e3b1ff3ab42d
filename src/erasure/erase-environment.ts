import type { DataSource, EntityManager } from 'typeorm';
import { lockStats } from '../database/stats-lock.js';

/** Rows that one statement removes: it locks them for about 0.1 s. */
const ROWS_PER_CHUNK = 500;

/**
 * From the deletion of an environment until its last event can have been stored. A replica may use old tokens and
 * environments for 1 s, and a statement may take 10 s (`PIPELINE_PATIENCE`) after it has waited.
 */
const LAST_EVENT_MS = 60_000;

/** Until the queue is checked again for running attempts. */
const ATTEMPTS_LOOK_MS = 1_000;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** The transaction locks its row. */
interface Erasure {
  environmentId: string;
  stage: string | null;
  position: string | null;
  ageMs: number;
}

/** `through`: nothing is left up to this id. */
type Progress = { kind: 'removed'; rows: number; through: string | null } | { kind: 'wait'; ms: number } | 'finished';

type Stage = (manager: EntityManager, erasure: Erasure) => Promise<Progress>;

/**
 * The contents in the order of their removal: no remaining row refers to a removed one. An erasure stores its stage by
 * name. A version that does not know the name starts again, because each stage can be repeated.
 */
const STAGES = new Map<string, Stage>([
  ['delivery_queue', removeQueued],
  ['delivery', removeLogged],
  ['stats_entry', removeStats('stats_entry')],
  ['stats_bucket', removeStats('stats_bucket')],
  ['event', removeEvents],
  // After the last event, because fan-outs are stored with events. A deleted environment's fan-out makes no deliveries.
  ['fan_out', removeSome('fan_out')],
  ['idempotency_key', removeSome('idempotency_key')],
  ['webhook_secret', removeSome('webhook_secret')],
  ['webhook_revision', removeSome('webhook_revision')],
  ['recovery', removeSome('recovery')],
  ['operator_webhook', removeSome('operator_webhook')],
  ['webhook', removeWebhooks],
]);

export type ErasureStep =
  | { kind: 'idle' }
  | { kind: 'worked' | 'done'; environmentId: string }
  | { kind: 'failed'; environmentId: string; error: unknown };

/**
 * Removes a chunk of the environment that has waited longest, and stores the progress in the same transaction. One
 * replica at a time works on an environment; the others skip it.
 *
 * @param pauseMs until that environment's next chunk, on any replica.
 */
export async function eraseChunk(dataSource: DataSource, pauseMs: number): Promise<ErasureStep> {
  let environmentId: string | null = null;
  try {
    return await dataSource.transaction(async (manager) => {
      const erasure = await lockNext(manager);
      if (!erasure) return { kind: 'idle' };
      environmentId = erasure.environmentId;
      return { kind: await advance(manager, erasure, pauseMs), environmentId };
    });
  } catch (error) {
    if (environmentId === null) throw error;
    return { kind: 'failed', environmentId, error };
  }
}

export async function postponeErasure(dataSource: DataSource, environmentId: string, ms: number): Promise<void> {
  await dataSource.query(
    `UPDATE environment_erasure SET next_at = now() + $2::int * interval '1 millisecond' WHERE environment_id = $1`,
    [environmentId, ms],
  );
}

async function lockNext(manager: EntityManager): Promise<Erasure | undefined> {
  const [erasure] = await manager.query<Erasure[]>(
    `SELECT environment_id AS "environmentId", stage, position,
       floor(extract(epoch FROM now() - created_at) * 1000)::int8::float8 AS "ageMs"
     FROM environment_erasure
     WHERE completed_at IS NULL AND next_at <= now()
     ORDER BY next_at LIMIT 1
     FOR UPDATE SKIP LOCKED`,
  );
  return erasure;
}

async function advance(manager: EntityManager, erasure: Erasure, pauseMs: number): Promise<'worked' | 'done'> {
  const names = [...STAGES.keys()];
  const at = Math.max(0, names.indexOf(erasure.stage ?? ''));
  const progress = await STAGES.get(names[at]!)!(manager, erasure);
  const next = { stage: names[at] ?? null, position: erasure.position, rows: 0, waitMs: pauseMs };
  if (progress === 'finished') Object.assign(next, { stage: names[at + 1] ?? null, position: null, waitMs: 0 });
  else if (progress.kind === 'wait') Object.assign(next, { position: null, waitMs: progress.ms });
  else Object.assign(next, { position: progress.through, rows: progress.rows });
  // Truncated to the column's precision: rounded up it would be after now.
  await manager.query(
    `UPDATE environment_erasure
     SET stage = $2, position = $3, removed_rows = removed_rows + $4,
       next_at = date_trunc('milliseconds', now()) + $5::int * interval '1 millisecond', completed_at = CASE WHEN $2::text IS NULL THEN now() END
     WHERE environment_id = $1`,
    [erasure.environmentId, next.stage, next.position, next.rows, next.waitMs],
  );
  return next.stage === null ? 'done' : 'worked';
}

/** Leased deliveries, or their leases, must end first, so that the result finds them. */
async function removeQueued(manager: EntityManager, { environmentId, position }: Erasure): Promise<Progress> {
  const ids = await idsOf(
    manager,
    `SELECT delivery_id AS id FROM delivery_queue
     WHERE environment_id = $1 AND delivery_id > $2 AND lease IS NULL
     ORDER BY delivery_id LIMIT ${ROWS_PER_CHUNK}
     FOR UPDATE SKIP LOCKED`,
    [environmentId, position ?? FIRST_ID],
  );
  if (ids.length === 0) {
    const parameters = [environmentId];
    const left = await manager.query<unknown[]>(
      'SELECT 1 FROM delivery_queue WHERE environment_id = $1 LIMIT 1',
      parameters,
    );
    return left.length === 0 ? 'finished' : { kind: 'wait', ms: ATTEMPTS_LOOK_MS };
  }
  return removeWithAttempts(manager, ids, 'DELETE FROM delivery_queue WHERE delivery_id = ANY ($1::uuid[])', []);
}

async function removeLogged(manager: EntityManager, erasure: Erasure): Promise<Progress> {
  const ids = await nextIds(manager, 'delivery', erasure);
  if (ids.length === 0) return 'finished';
  const deletion = `
    DELETE FROM delivery WHERE environment_id = $4 AND id = ANY ($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid`;
  return removeWithAttempts(manager, ids, deletion, [erasure.environmentId]);
}

/** The first and the last id tell the planner which days to read. */
async function removeWithAttempts(
  manager: EntityManager,
  ids: readonly string[],
  deletion: string,
  parameters: unknown[],
): Promise<Progress> {
  const through = ids.at(-1)!;
  const [{ rows }] = await manager.query<[{ rows: number }]>(
    `WITH attempts AS (
       DELETE FROM attempt WHERE delivery_id = ANY ($1::uuid[]) AND delivery_id BETWEEN $2::uuid AND $3::uuid RETURNING 1
     ),
     deliveries AS (${deletion} RETURNING 1)
     SELECT ((SELECT count(*) FROM attempts) + (SELECT count(*) FROM deliveries))::int AS rows`,
    [ids, ids[0], through, ...parameters],
  );
  return { kind: 'removed', rows, through };
}

async function removeEvents(manager: EntityManager, erasure: Erasure): Promise<Progress> {
  const { environmentId, ageMs } = erasure;
  const ids = await nextIds(manager, 'event', erasure);
  if (ids.length === 0) return ageMs < LAST_EVENT_MS ? { kind: 'wait', ms: LAST_EVENT_MS - ageMs } : 'finished';
  const through = ids.at(-1)!;
  const [{ rows }] = await manager.query<[{ rows: number }]>(
    `WITH events AS (
       DELETE FROM event WHERE environment_id = $4 AND id = ANY ($1::uuid[]) AND id BETWEEN $2::uuid AND $3::uuid RETURNING 1
     )
     SELECT count(*)::int AS rows FROM events`,
    [ids, ids[0], through, environmentId],
  );
  return { kind: 'removed', rows, through };
}

async function removeWebhooks(manager: EntityManager, erasure: Erasure): Promise<Progress> {
  const { environmentId } = erasure;
  const ids = await nextIds(manager, 'webhook', erasure);
  if (ids.length === 0) return 'finished';
  const [{ rows }] = await manager.query<[{ rows: number }]>(
    `WITH healths AS (DELETE FROM webhook_health WHERE webhook_id = ANY ($1::uuid[]) RETURNING 1)
     SELECT count(*)::int AS rows FROM healths`,
    [ids],
  );
  // A separate statement: it must see that nothing refers to them any more.
  const [{ rows: webhooks }] = await manager.query<[{ rows: number }]>(
    `WITH webhooks AS (DELETE FROM webhook WHERE environment_id = $1 AND id = ANY ($2::uuid[]) RETURNING 1)
     SELECT count(*)::int AS rows FROM webhooks`,
    [environmentId, ids],
  );
  return { kind: 'removed', rows: rows + webhooks, through: ids.at(-1)! };
}

/** For a small table, or one whose key begins with the environment. */
function removeSome(table: string): Stage {
  return async (manager, { environmentId }) => {
    const [{ rows }] = await manager.query<[{ rows: number }]>(
      `WITH removed AS (
         DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM ${table} WHERE environment_id = $1 LIMIT ${ROWS_PER_CHUNK} FOR UPDATE
         )) RETURNING 1
       )
       SELECT count(*)::int AS rows FROM removed`,
      [environmentId],
    );
    return rows === 0 ? 'finished' : { kind: 'removed', rows, through: null };
  };
}

/** Without the lock, a bucket that is being merged into a wider one would be found in neither form. */
function removeStats(table: 'stats_bucket' | 'stats_entry'): Stage {
  const remove = removeSome(table);
  return async (manager, erasure) => {
    await lockStats(manager);
    return remove(manager, erasure);
  };
}

/** From a table whose key is the environment and the id. */
function nextIds(
  manager: EntityManager,
  table: 'delivery' | 'event' | 'webhook',
  { environmentId, position }: Erasure,
): Promise<string[]> {
  return idsOf(
    manager,
    `SELECT id FROM ${table} WHERE environment_id = $1 AND id > $2 ORDER BY id LIMIT ${ROWS_PER_CHUNK}`,
    [environmentId, position ?? FIRST_ID],
  );
}

async function idsOf(manager: EntityManager, sql: string, parameters: unknown[]): Promise<string[]> {
  return (await manager.query<{ id: string }[]>(sql, parameters)).map(({ id }) => id);
}
