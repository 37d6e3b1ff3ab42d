import type { EntityManager } from 'typeorm';

/** A request that names an idempotency key. */
export interface KeyedRequest {
  environmentId: string;
  /** Keys of different operations do not meet. */
  operation: string;
  key: string;
  /** SHA-256 of what the request asks for. */
  contentHash: Buffer;
}

/** What the first request with the key asked for and was answered. */
export interface KeyedAnswer<Answer> {
  contentHash: Buffer;
  resourceId: string;
  answer: Answer;
}

/** The row of a racing request is waited for: it is there once that request has committed. */
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
 * Makes the key this request's, to be committed with the resource that the request makes.
 *
 * @param answer what a repeat is to be answered; holds no secret
 * @returns null when the key is ours now, else what the request before this one was answered
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
    // A statement of its own: the INSERT's snapshot is older than the row that it ran into.
    const [known] = await manager.query<KeyedAnswer<Answer>[]>(FIND, [environmentId, operation, key]);
    if (known) return known;
    // The key reached the end of its window between the two statements: it is free again.
  }
}

/** Keys forgotten by one statement: bounds its locks and its time. */
const KEYS_PER_TRIM = 1_000;

/** Oldest first; those that another replica is trimming are passed over. */
const TRIM = `
  WITH ended AS (
    SELECT environment_id, operation, key FROM idempotency_key
    WHERE created_at < now() - $1::bigint * interval '1 millisecond'
    ORDER BY created_at LIMIT ${KEYS_PER_TRIM}
    FOR UPDATE SKIP LOCKED
  ),
  trimmed AS (
    DELETE FROM idempotency_key k USING ended e
    WHERE k.environment_id = e.environment_id AND k.operation = e.operation AND k.key = e.key
  )
  SELECT count(*)::int AS count FROM ended`;

/**
 * Forgets keys older than the window.
 *
 * @returns whether there may be more of them
 */
export async function trimIdempotencyKeys(manager: EntityManager, windowMs: number): Promise<boolean> {
  const [row] = await manager.query<{ count: number }[]>(TRIM, [windowMs]);
  return row!.count === KEYS_PER_TRIM;
}
