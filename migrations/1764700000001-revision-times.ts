import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Finds the state that a webhook was in at an instant with one look-up, however often it was changed since. A webhook's
 * revisions never share an instant.
 *
 * Locks: webhook_revision, against changes of webhooks, while the index is built: a second for a million changes. Undo:
 * `down` drops the index.
 */
export class RevisionTimes1764700000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX webhook_revision_by_time ON webhook_revision (environment_id, webhook_id, changed_at)`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX webhook_revision_by_time`);
  }
}
