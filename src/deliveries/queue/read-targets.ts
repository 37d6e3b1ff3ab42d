import { integerArray, uuidArray, type ValuesOf } from '../../database/statements/parameter-types.js';
import type { Target } from '../delivery.types.js';

/** SQL: the webhook row `alias` as a `Target`, a JSON object. */
export function targetOf(alias: string): string {
  return `json_build_object('environmentId', ${alias}.environment_id, 'webhookId', ${alias}.id,
    'targetUrl', ${alias}.target_url, 'revision', ${alias}.revision, 'secrets', ${liveSecretsOf(alias)})`;
}

export const knownTargetParameters = { known_webhook_ids: uuidArray, known_revisions: integerArray };

export function knownTargetValues(known: ReadonlyMap<string, Target>): ValuesOf<typeof knownTargetParameters> {
  return {
    known_webhook_ids: [...known.keys()],
    known_revisions: [...known.values()].map(({ revision }) => revision),
  };
}

/**
 * SQL: whether the webhook row `alias` is not among the `knownTargetParameters`. `NOT IN` is looked up in a hash; `NOT
 * EXISTS` would compare each with each.
 */
export function isUnknown(alias: string): string {
  return `(${alias}.id, ${alias}.revision) NOT IN (SELECT * FROM unnest(p_known_webhook_ids, p_known_revisions) AS known)`;
}

/** SQL: the live secrets of the webhook row `alias`, newest first, as a JSON array of `SealedSecret`. */
export function liveSecretsOf(alias: string): string {
  return `(
    SELECT coalesce(
      json_agg(
        json_build_object('id', s.id, 'key_id', s.key_id, 'ciphertext', encode(s.ciphertext, 'base64'),
          'expires_at_ms', extract(epoch FROM s.expires_at) * 1000)
        ORDER BY s.created_at DESC, s.id DESC
      ),
      '[]'
    )
    FROM webhook_secret s
    WHERE s.environment_id = ${alias}.environment_id AND s.webhook_id = ${alias}.id
      AND s.ciphertext IS NOT NULL AND (s.expires_at IS NULL OR s.expires_at > now())
  )`;
}
