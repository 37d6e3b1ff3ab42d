import type { EntityManager } from 'typeorm';
import { WebhookSecret } from './entities/webhook-secret.entity.js';

/** A webhook, as its secrets refer to it. */
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
 * Has the live secrets of a webhook, which the transaction holds locked, end after a time at the latest.
 *
 * @param now the database's time
 * @param overlapMs milliseconds; 0 wipes them
 * @returns how many are live until then
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

const SECRETS_PER_STATEMENT = 1_000;

/** The index `webhook_secret_to_wipe` has exactly these rows. Those that a rotation holds are wiped the next time. */
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

/** Wipes secrets that have ended, some at a time. @returns whether there may be more */
export async function wipeEndedSecrets(manager: EntityManager): Promise<boolean> {
  const [row] = await manager.query<{ count: number }[]>(WIPE_ENDED);
  return row!.count === SECRETS_PER_STATEMENT;
}
