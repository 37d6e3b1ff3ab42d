import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A replica that was killed is known by its advisory lock, which ends with its connection (docs/adr/0015). Only the lock of
 * one that says where it holds it counts: the start of that server, because a server that started again holds no locks, and
 * a replica of the previous version, or one behind a pooler, says nothing.
 *
 * Locks: replica, which has a row for each process, for a moment. Undo: `down` drops the columns; the dead are then known
 * by their heartbeats alone.
 */
export class ReplicaLocks1766000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE replica
        ADD COLUMN lock_server_started_at timestamptz,
        ADD COLUMN died_at timestamptz(3)`);
    await queryRunner.query(
      `COMMENT ON COLUMN replica.lock_server_started_at IS 'pg_postmaster_start_time() of the server on which it holds its lock; NULL: it holds none'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN replica.died_at IS 'when another one found its lock free; its next heartbeat takes that back'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE replica DROP COLUMN lock_server_started_at, DROP COLUMN died_at');
  }
}
