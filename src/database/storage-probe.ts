import type { DataSource } from 'typeorm';

/** They write a mebibyte to the disk, because the statement may use only 64 kB of memory. */
const SPILLED_ROWS = 40_000;

/**
 * Tests for disk space and permission to write, and leaves nothing behind: a temporary file is written and removed. A
 * small write to a table would show little: it finds room in existing pages.
 *
 * @throws the database's error when it is full or accepts no writes.
 */
export async function probeStorage(dataSource: DataSource): Promise<void> {
  await dataSource.transaction(async (manager) => {
    await manager.query(`SET LOCAL work_mem = '64kB'`);
    // The update never happens, but needs the permission.
    await manager.query(
      `WITH written AS (UPDATE environment SET name = name WHERE false RETURNING 1)
       SELECT count(*) FROM generate_series(1, ${SPILLED_ROWS})`,
    );
  });
}
