import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = ['dns_ms', 'connect_ms', 'tls_ms', 'first_byte_ms'];

/**
 * Where the time of an attempt went. Attempts that were logged before, or by the previous version during an upgrade,
 * have NULL there, as has a phase that did not happen.
 *
 * Locks: delivery and attempt, for the moment that adding columns without a default takes. Undo: `down` drops the columns.
 */
export class AttemptTimings1764700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['delivery', 'attempt']) {
      await queryRunner.query(
        `ALTER TABLE ${table} ${COLUMNS.map((column) => `ADD COLUMN ${column} integer`).join(', ')}`,
      );
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['delivery', 'attempt']) {
      await queryRunner.query(`ALTER TABLE ${table} ${COLUMNS.map((column) => `DROP COLUMN ${column}`).join(', ')}`);
    }
  }
}
