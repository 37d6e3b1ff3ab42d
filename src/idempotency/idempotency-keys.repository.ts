import type { EntityManager } from 'typeorm';

export interface KeyedRequest {
  environmentId: string;
  /** Keys of different operations do not meet. */
  operation: string;
  key: string;
  /** SHA-256 of what the request asks for. */
  contentHash: Buffer;
}

/** Of the first request with the key. */
export interface KeyedAnswer<Answer> {
  contentHash: Buffer;
  resourceId: string;
  answer: Answer;
}

/** Waits for the row of a racing request, until that has committed. */
const CLAIM = `
  INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, answer, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
  ON CONFLICT (environment_id, operation, key) DO NOTHING
  RETURNING resource_id`;

const FIND = `
  SELECT content_hash AS "contentHash", resource_id AS "resourceId", answer
  FROM idempotency_key
  WHERE environment_id = $1 AND operation = $2 AND key = $3`;

/**
 * Takes the key for this request, in the transaction that makes the resource.
 *
 * @param answer for repeats; must hold no secret.
 * @returns null when the key is ours now; else the answer to the earlier request.
 */
export async function claimIdempotencyKey<Answer extends object>(
  manager: EntityManager,
  request: KeyedRequest,
  resourceId: string,
  answer: Answer,
): Promise<KeyedAnswer<Answer> | null> {
  const { environmentId, operation, key, contentHash } = request;
  for (;;) {
    const claim = [environmentId, operation, key, contentHash, resourceId, JSON.stringify(answer)];
    const claimed = await manager.query<unknown[]>(CLAIM, claim);
    if (claimed.length > 0) return null;
    // A separate statement: the INSERT's snapshot is older than the row that it ran into.
    const [known] = await manager.query<KeyedAnswer<Answer>[]>(FIND, [environmentId, operation, key]);
    if (known) return known;
    // The key's window ended between the two statements: it is free again.
  }
}

/** Bounds the locks and the time of one statement. */
const KEYS_PER_TRIM = 1_000;

/** Oldest first; skips those that another replica is trimming. */
const TRIM = `
  WITH ended AS (
    SELECT ctid FROM idempotency_key
    WHERE created_at < now() - $1::bigint * interval '1 millisecond'
    ORDER BY created_at LIMIT ${KEYS_PER_TRIM}
    FOR UPDATE SKIP LOCKED
  ),
  trimmed AS (
    DELETE FROM idempotency_key WHERE ctid = ANY (ARRAY(SELECT ctid FROM ended))
  )
  SELECT count(*)::int AS count FROM ended`;

/** @returns whether there may be more. */
export async function trimIdempotencyKeys(manager: EntityManager, windowMs: number): Promise<boolean> {
  const [row] = await manager.query<{ count: number }[]>(TRIM, [windowMs]);
  return row!.count === KEYS_PER_TRIM;
}
