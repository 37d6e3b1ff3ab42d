import type { EntityManager } from 'typeorm';
import type { Queryable } from '../database/queryable.js';
import { columnsOf } from '../database/statements/columns.js';
import { integer, timestampArray, unnest, uuidArray } from '../database/statements/parameter-types.js';
import { StoredStatement } from '../database/statements/stored-statement.js';
import type { Level } from './stats-window.js';
import type { StatsRow } from './tally.js';

export interface Bucket extends StatsRow, BucketKey {}

export interface BucketKey {
  environmentId: string;
  /** A webhook, or the environment itself. */
  subjectId: string;
  /** Its beginning. */
  at: Date;
}

/** SQL: texts, because the driver takes a microsecond for each number of an array. */
const COUNTS = `succeeded, failed, canceled, array_to_string(latencies, ',') AS latencies`;
const BUCKET_COUNTS = `${COUNTS}, array_to_string(latency_counts, ',') AS "latencyCounts"`;

export function takeEntries(
  manager: EntityManager,
  limit: number,
): Promise<(StatsRow & { environmentId: string; webhookId: string })[]> {
  return manager.query(
    `WITH taken AS (
       DELETE FROM stats_entry WHERE id = ANY (ARRAY(SELECT id FROM stats_entry ORDER BY id LIMIT $1)) RETURNING *
     )
     SELECT environment_id AS "environmentId", webhook_id AS "webhookId", at, ${COUNTS}, NULL AS "latencyCounts"
     FROM taken`,
    [limit],
  );
}

/** Removes buckets that are old enough to move, oldest first, and returns them. */
export function takeBuckets(manager: EntityManager, limit: number): Promise<(Bucket & { widthS: number })[]> {
  return manager.query(
    `WITH taken AS (
       DELETE FROM stats_bucket WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM stats_bucket WHERE moves_at <= now() ORDER BY moves_at LIMIT $1
       )) RETURNING *
     )
     SELECT environment_id AS "environmentId", subject_id AS "subjectId", width_s AS "widthS", at, ${BUCKET_COUNTS}
     FROM taken`,
    [limit],
  );
}

const keyParameters = { environment_id: uuidArray, subject_id: uuidArray, at: timestampArray };

/** Looked up one by one: a join could read all buckets. */
export const FIND_BUCKETS = new StoredStatement({
  name: 'find_buckets',
  parameters: { width_s: integer, ...keyParameters },
  returns: columnsOf<Bucket>({
    environmentId: 'uuid',
    subjectId: 'uuid',
    at: 'timestamptz',
    succeeded: 'int4',
    failed: 'int4',
    canceled: 'int4',
    latencies: 'text',
    latencyCounts: 'text',
  }),
  sql: `
  SELECT key.environment_id, key.subject_id, key.at, bucket.*
  FROM ${unnest(keyParameters, 'key')}
  CROSS JOIN LATERAL (
    SELECT ${BUCKET_COUNTS} FROM stats_bucket b
    WHERE b.environment_id = key.environment_id AND b.subject_id = key.subject_id AND b.at = key.at
      AND b.width_s = p_width_s
    LIMIT 1
  ) AS bucket`,
});

/** Those that exist. */
export function findBuckets(manager: EntityManager, widthS: number, keys: readonly BucketKey[]): Promise<Bucket[]> {
  return FIND_BUCKETS.run(manager, {
    width_s: widthS,
    environment_id: keys.map(({ environmentId }) => environmentId),
    subject_id: keys.map(({ subjectId }) => subjectId),
    at: keys.map(({ at }) => at),
  });
}

/** Replaces what these buckets held. */
export async function writeBuckets(
  manager: EntityManager,
  { widthS, forS }: Level,
  buckets: readonly Bucket[],
): Promise<void> {
  const column = <Key extends keyof Bucket>(key: Key): Bucket[Key][] => buckets.map((bucket) => bucket[key]);
  await manager.query(
    `INSERT INTO stats_bucket (width_s, environment_id, subject_id, at, moves_at, succeeded, failed, canceled, latencies,
       latency_counts)
     SELECT $1::int, environment_id, subject_id, at, at + $10::int * interval '1 second', succeeded, failed, canceled,
       string_to_array(latencies, ',')::int2[], string_to_array(counts, ',')::int4[]
     FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::int4[], $6::int4[], $7::int4[], $8::text[], $9::text[])
       AS written (environment_id, subject_id, at, succeeded, failed, canceled, latencies, counts)
     ON CONFLICT (environment_id, subject_id, at, width_s) DO UPDATE
     SET succeeded = excluded.succeeded, failed = excluded.failed, canceled = excluded.canceled,
       latencies = excluded.latencies, latency_counts = excluded.latency_counts`,
    [
      widthS,
      column('environmentId'),
      column('subjectId'),
      column('at'),
      column('succeeded'),
      column('failed'),
      column('canceled'),
      column('latencies'),
      column('latencyCounts'),
      forS,
    ],
  );
}

/** Entries become part of buckets every few seconds, so they are few enough to be read whole. */
const READ = `
  WITH entry AS MATERIALIZED (
    SELECT date_bin('1 minute', at, 'epoch') AS at, succeeded, failed, canceled, latencies FROM stats_entry
    WHERE environment_id = $1::uuid AND $2::uuid IN (webhook_id, environment_id) AND at >= $3::timestamptz
  )
  SELECT at, ${BUCKET_COUNTS} FROM stats_bucket
  WHERE environment_id = $1::uuid AND subject_id = $2::uuid AND at >= $3::timestamptz
  UNION ALL
  SELECT at, sum(succeeded)::int, sum(failed)::int, sum(canceled)::int, '', '' FROM entry GROUP BY at
  UNION ALL
  SELECT at, 0, 0, 0, string_agg(latency::text, ','), string_agg(attempts::text, ',')
  FROM (
    SELECT at, latency, count(*) AS attempts FROM entry CROSS JOIN unnest(latencies) AS latency GROUP BY at, latency
  ) AS counted
  GROUP BY at`;

/**
 * In parts of any width.
 *
 * @param subjectId a webhook, or the environment itself.
 * @param from the beginning of a minute.
 */
export function readStats(
  database: Queryable,
  environmentId: string,
  subjectId: string,
  from: Date,
): Promise<StatsRow[]> {
  return database.query<StatsRow[]>(READ, [environmentId, subjectId, from]);
}

/** Null: nothing has failed since the last success. */
export async function readFailingSince(database: Queryable, webhookId: string): Promise<Date | null> {
  const [row] = await database.query<{ failing_since: Date | null }[]>(
    'SELECT failing_since FROM webhook_health WHERE webhook_id = $1',
    [webhookId],
  );
  return row?.failing_since ?? null;
}
