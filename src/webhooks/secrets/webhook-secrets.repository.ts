import type { EntityManager } from 'typeorm';
import { type IdFilter, idRangeOf } from '../../reads/id-range.js';
import { WebhookSecret } from './webhook-secret.entity.js';
import type { Sealed, SecretBinding } from './secret-vault.js';

export interface SecretOwner {
  environmentId: string;
  webhookId: string;
}

export async function insertSecret(manager: EntityManager, secret: WebhookSecret): Promise<void> {
  await manager.insert(WebhookSecret, secret);
}

/** A secret that ends now is wiped by the same statement. */
const END_SECRETS = `
  WITH ended AS (
    UPDATE webhook_secret
    SET expires_at = least(expires_at, $3::timestamptz + $4::float8 * interval '1 millisecond'),
      key_id = CASE WHEN $4::float8 > 0 THEN key_id END,
      ciphertext = CASE WHEN $4::float8 > 0 THEN ciphertext END
    WHERE environment_id = $1::uuid AND webhook_id = $2::uuid
      AND ciphertext IS NOT NULL AND (expires_at IS NULL OR expires_at > $3::timestamptz)
    RETURNING ciphertext
  )
  SELECT count(ciphertext)::int AS "stillLive" FROM ended`;

/**
 * Makes the live secrets of a locked webhook end after `overlapMs` at the latest.
 *
 * @param now the database's time.
 * @param overlapMs milliseconds; 0 wipes them.
 * @returns how many are live until then.
 */
export async function endSecrets(
  manager: EntityManager,
  { environmentId, webhookId }: SecretOwner,
  now: Date,
  overlapMs: number,
): Promise<number> {
  const parameters = [environmentId, webhookId, now, overlapMs];
  const [row] = await manager.query<{ stillLive: number }[]>(END_SECRETS, parameters);
  return row!.stillLive;
}

/** The secret that signs first; null when none is live. */
export async function findNewestSecret(
  manager: EntityManager,
  { environmentId, webhookId }: SecretOwner,
): Promise<StoredSecret | null> {
  const [row] = await manager.query<StoredSecret[]>(
    `SELECT environment_id AS "environmentId", webhook_id AS "webhookId", id, key_id AS "keyId", ciphertext
     FROM webhook_secret
     WHERE environment_id = $1 AND webhook_id = $2 AND ciphertext IS NOT NULL AND expires_at IS NULL
     ORDER BY id DESC LIMIT 1`,
    [environmentId, webhookId],
  );
  return row ?? null;
}

/** SQL: that a secret signs. */
const IS_LIVE = `ciphertext IS NOT NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())`;

export async function findLiveSecret(
  manager: EntityManager,
  { environmentId, webhookId, secretId }: SecretBinding,
): Promise<Sealed | null> {
  const [row] = await manager.query<Sealed[]>(
    `SELECT key_id AS "keyId", ciphertext FROM webhook_secret
     WHERE environment_id = $1 AND webhook_id = $2 AND id = $3 AND ${IS_LIVE}`,
    [environmentId, webhookId, secretId],
  );
  return row ?? null;
}

/** Without the secret itself. */
export interface LiveSecret {
  id: string;
  createdAt: Date;
  expiresAt: Date | null;
}

/** Newest first. @param after only ids below this one */
export function listLiveSecrets(
  manager: EntityManager,
  { environmentId, webhookId }: SecretOwner,
  { limit, ...range }: IdFilter & { before: string | null; limit: number },
): Promise<LiveSecret[]> {
  return manager.query<LiveSecret[]>(
    `SELECT id, created_at AS "createdAt", expires_at AS "expiresAt" FROM webhook_secret
     WHERE environment_id = $1 AND webhook_id = $2 AND id >= $3 AND id < $4
       AND ($5::uuid[] IS NULL OR id = ANY ($5)) AND ${IS_LIVE}
     ORDER BY id DESC LIMIT $6`,
    [environmentId, webhookId, ...idRangeOf(range), range.ids, limit],
  );
}

export async function countLiveSecrets(
  manager: EntityManager,
  { environmentId, webhookId }: SecretOwner,
): Promise<number> {
  const [row] = await manager.query<{ live: number }[]>(
    `SELECT count(*)::int AS live FROM webhook_secret
     WHERE environment_id = $1 AND webhook_id = $2 AND ${IS_LIVE}`,
    [environmentId, webhookId],
  );
  return row!.live;
}

const SECRETS_PER_STATEMENT = 1_000;

/** The index `webhook_secret_to_wipe` has exactly these rows. Those that a rotation locks are wiped the next time. */
const WIPE_ENDED = `
  WITH wiped AS (
    UPDATE webhook_secret SET key_id = NULL, ciphertext = NULL
    WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM webhook_secret
      WHERE expires_at <= now() AND ciphertext IS NOT NULL
      ORDER BY expires_at LIMIT ${SECRETS_PER_STATEMENT}
      FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM wiped`;

/** Wipes some ended secrets. @returns whether there may be more */
export async function wipeEndedSecrets(manager: EntityManager): Promise<boolean> {
  const [row] = await manager.query<{ count: number }[]>(WIPE_ENDED);
  return row!.count === SECRETS_PER_STATEMENT;
}

export interface StoredSecret extends SecretOwner, Sealed {
  id: string;
}

const NEXT_UNDER_OTHER_KEYS = `
  SELECT environment_id AS "environmentId", webhook_id AS "webhookId", id, key_id AS "keyId", ciphertext
  FROM webhook_secret
  WHERE key_id <> $1::text AND ($2::uuid IS NULL OR (environment_id, webhook_id, id) > ($2::uuid, $3::uuid, $4::uuid))
  ORDER BY environment_id, webhook_id, id
  LIMIT $5::int`;

/** In the order of their primary key, behind `after`. */
export function nextSecretsUnderOtherKeys(
  manager: EntityManager,
  keyId: string,
  after: StoredSecret | null,
  limit: number,
): Promise<StoredSecret[]> {
  const position = [after?.environmentId ?? null, after?.webhookId ?? null, after?.id ?? null];
  return manager.query<StoredSecret[]>(NEXT_UNDER_OTHER_KEYS, [keyId, ...position, limit]);
}

/** Only if the ciphertext is still the one that was read: a secret that was wiped meanwhile stays wiped. */
const REPLACE_CIPHERTEXTS = `
  WITH replaced AS (
    UPDATE webhook_secret s SET key_id = n.key_id, ciphertext = n.ciphertext
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::text[], $6::bytea[])
      AS n (environment_id, webhook_id, id, old_ciphertext, key_id, ciphertext)
    WHERE s.environment_id = n.environment_id AND s.webhook_id = n.webhook_id AND s.id = n.id
      AND s.ciphertext = n.old_ciphertext
    RETURNING 1
  )
  SELECT count(*)::int AS count FROM replaced`;

/** @returns how many were replaced */
export async function replaceCiphertexts(
  manager: EntityManager,
  changes: readonly { before: StoredSecret; after: Sealed }[],
): Promise<number> {
  const [row] = await manager.query<{ count: number }[]>(REPLACE_CIPHERTEXTS, [
    changes.map(({ before }) => before.environmentId),
    changes.map(({ before }) => before.webhookId),
    changes.map(({ before }) => before.id),
    changes.map(({ before }) => before.ciphertext),
    changes.map(({ after }) => after.keyId),
    changes.map(({ after }) => after.ciphertext),
  ]);
  return row!.count;
}
