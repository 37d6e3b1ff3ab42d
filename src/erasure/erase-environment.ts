import type { DataSource, EntityManager } from 'typeorm';
import { lockStats } from '../database/stats-lock.js';

/** Deliveries, events or other rows that one statement removes: bounds how long it holds them, about 0.1 s. */
const ROWS_PER_CHUNK = 500;

/**
 * From the deletion of an environment until the last event of it can have been stored: a replica may take its tokens and
 * its environments to be what they were for 1 s, and a statement may take 10 s (`PIPELINE_PATIENCE`) after it has waited.
 */
const LAST_EVENT_MS = 60_000;

/** Until the queue is looked at again for deliveries whose attempts were under way. */
const ATTEMPTS_LOOK_MS = 1_000;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** An erasure whose turn it is; the transaction holds its row. */
interface Erasure {
  environmentId: string;
  stage: string | null;
  position: string | null;
  ageMs: number;
}

/** `through`: the id up to which nothing is left, where the stage goes by ids. */
type Progress = { kind: 'removed'; rows: number; through: string | null } | { kind: 'wait'; ms: number } | 'finished';

type Stage = (manager: EntityManager, erasure: Erasure) => Promise<Progress>;

/**
 * What an environment holds, in the order in which it goes: nothing that is there refers to what is gone. An erasure keeps
 * its stage by name, and one that this version does not know begins anew: each can be repeated.
 */
const STAGES = new Map<string, Stage>([
  ['delivery_queue', removeQueued],
  ['delivery', removeLogged],
  ['stats_entry', removeStats('stats_entry')],
  ['stats_bucket', removeStats('stats_bucket')],
  ['event', removeEvents],
  // After the last event: what it owes is stored with it. Nothing is made of what a deleted environment owes.
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
 * Removes a chunk of the environment that has waited longest for it, and keeps how far that came in the same
 * transaction: it goes on there after a restart. One replica at a time has an environment; the others pass it over.
 *
 * @param pauseMs until that environment's next chunk, on whichever replica.
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

/** Lets other erasures go first. */
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
  // Cut to what the column keeps: rounded up it would be after now.
  await manager.query(
    `UPDATE environment_erasure
     SET stage = $2, position = $3, removed_rows = removed_rows + $4,
       next_at = date_trunc('milliseconds', now()) + $5::int * interval '1 millisecond', completed_at = CASE WHEN $2::text IS NULL THEN now() END
     WHERE environment_id = $1`,
    [erasure.environmentId, next.stage, next.position, next.rows, next.waitMs],
  );
  return next.stage === null ? 'done' : 'worked';
}

/** What waits goes at once. What is leased first ends, or its lease does, so that its result finds it. */
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

/** The first and the last id tell the planner which days to look at. */
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
  // A statement of its own: it must see that nothing refers to them any more.
  const [{ rows: webhooks }] = await manager.query<[{ rows: number }]>(
    `WITH webhooks AS (DELETE FROM webhook WHERE environment_id = $1 AND id = ANY ($2::uuid[]) RETURNING 1)
     SELECT count(*)::int AS rows FROM webhooks`,
    [environmentId, ids],
  );
  return { kind: 'removed', rows: rows + webhooks, through: ids.at(-1)! };
}

/** Of a table whose key begins with the environment, or that is small. */
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

/** Without the lock, a bucket that is becoming part of a wider one is found neither as the one nor as the other. */
function removeStats(table: 'stats_bucket' | 'stats_entry'): Stage {
  const remove = removeSome(table);
  return async (manager, erasure) => {
    await lockStats(manager);
    return remove(manager, erasure);
  };
}

/** The next rows of the environment, of a table whose key is that and the id. */
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
