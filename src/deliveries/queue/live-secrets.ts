/**
 * SQL: the live secrets of the webhook row `alias`, newest first, as a JSON array of `SealedSecret`. They travel sealed
 * and are opened only where a request is signed.
 */
export function liveSecretsOf(alias: string): string {
  return `(
    SELECT coalesce(
      json_agg(
        json_build_object('id', s.id, 'key_id', s.key_id, 'ciphertext', encode(s.ciphertext, 'base64'))
        ORDER BY s.created_at DESC, s.id DESC
      ),
      '[]'
    )
    FROM webhook_secret s
    WHERE s.environment_id = ${alias}.environment_id AND s.webhook_id = ${alias}.id
      AND s.ciphertext IS NOT NULL AND (s.expires_at IS NULL OR s.expires_at > now())
  )`;
}
