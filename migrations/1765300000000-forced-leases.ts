import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whether a lease was taken for an attempt that somebody asked for: when the lease is lost, the delivery is still asked
 * for. The previous version does not know the column: what it claims is not marked, as before.
 *
 * Locks: delivery_queue, for the moment that adding a column with a constant takes. Undo: `down` drops the column.
 */
export class ForcedLeases1765300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE delivery_queue ADD COLUMN is_lease_forced boolean NOT NULL DEFAULT false');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE delivery_queue DROP COLUMN is_lease_forced');
  }
}
