import type { EntityManager } from 'typeorm';

export interface KeyFingerprint {
  id: string;
  fingerprint: Buffer;
}

/** Names, sorted, of keys that stored secrets need and that are not among `ids`. */
export async function findMissingKeys(manager: EntityManager, ids: readonly string[]): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `SELECT k.id FROM encryption_key k
     WHERE k.id <> ALL ($1::text[]) AND EXISTS (SELECT 1 FROM webhook_secret s WHERE s.key_id = k.id)
     ORDER BY k.id`,
    [ids],
  );
  return rows.map(({ id }) => id);
}

/**
 * Records keys that are new to this database.
 *
 * @returns names, sorted, under which it knows another key.
 */
export async function registerKeys(manager: EntityManager, keys: readonly KeyFingerprint[]): Promise<string[]> {
  const columns = [keys.map(({ id }) => id), keys.map(({ fingerprint }) => fingerprint)];
  await manager.query(
    `INSERT INTO encryption_key (id, fingerprint, created_at)
     SELECT id, fingerprint, now() FROM unnest($1::text[], $2::bytea[]) AS ours (id, fingerprint) ORDER BY id
     ON CONFLICT (id) DO NOTHING`,
    columns,
  );
  const rows = await manager.query<{ id: string }[]>(
    `SELECT k.id FROM encryption_key k
     JOIN unnest($1::text[], $2::bytea[]) AS ours (id, fingerprint) ON ours.id = k.id
     WHERE ours.fingerprint <> k.fingerprint
     ORDER BY k.id`,
    columns,
  );
  return rows.map(({ id }) => id);
}
