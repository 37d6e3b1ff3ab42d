import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What an attempt lost on a connection that was open already and that the receiver had closed; its request then went out on
 * a new one. Attempts that were logged before, or by the previous version during an upgrade, have NULL there, as have those
 * to which it did not happen.
 *
 * Locks: delivery and attempt, for the moment that adding a column without a default takes. Undo: `down` drops the columns.
 */
export class StaleConnections1765800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['delivery', 'attempt']) {
      await queryRunner.query(`ALTER TABLE ${table} ADD COLUMN stale_connection_ms integer`);
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    for (const table of ['delivery', 'attempt']) {
      await queryRunner.query(`ALTER TABLE ${table} DROP COLUMN stale_connection_ms`);
    }
  }
}
