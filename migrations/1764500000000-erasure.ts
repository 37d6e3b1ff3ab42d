import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is deleted leaves the database. An event's payload can be NULL: it was deleted, and the fact that there was an
 * event stays. That is audited, under the resource type `event`. And an environment that is deleted has a row that says
 * how far the removal of its data has come, those that were deleted before too.
 *
 * The new CHECK is NOT VALID, because to validate it would read every entry there is. It holds for all that is written
 * from now on; what is there fulfils the one before, which is narrower.
 *
 * Locks: event with its partitions and audit_entry, against everything, until the migrations have committed; nothing is
 * read or rewritten under them. The version before reads a payload that is NULL as one past its retention.
 * Undo: `down`. A deleted payload becomes `{}` then, and entries about events stay under a CHECK that would refuse them.
 */
export class Erasure1764500000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE event ALTER COLUMN payload DROP NOT NULL`);
    await queryRunner.query(`COMMENT ON COLUMN event.payload IS 'JSON text as it was published; NULL: it was deleted'`);
    await queryRunner.query(
      `ALTER TABLE audit_entry
         DROP CONSTRAINT audit_entry_resource_type_known,
         ADD CONSTRAINT audit_entry_resource_type_known CHECK (
           resource_type IN ('environment', 'api_token', 'webhook', 'event', 'delivery')
         ) NOT VALID`,
    );

    await queryRunner.query(`
      CREATE TABLE environment_erasure (
        environment_id uuid           NOT NULL,
        stage          text,
        position       uuid,
        removed_rows   bigint         NOT NULL DEFAULT 0,
        next_at        timestamptz(3) NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        completed_at   timestamptz(3),
        CONSTRAINT environment_erasure_pkey PRIMARY KEY (environment_id),
        CONSTRAINT environment_erasure_environment FOREIGN KEY (environment_id) REFERENCES environment (id),
        CONSTRAINT environment_erasure_counts CHECK (removed_rows >= 0)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN environment_erasure.stage IS 'what is being removed; NULL: nothing yet, or nothing any more'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN environment_erasure.position IS 'the id up to which the stage is done; NULL: at its beginning'`,
    );
    await queryRunner.query(
      `CREATE INDEX environment_erasure_running ON environment_erasure (next_at) WHERE completed_at IS NULL`,
    );
    await queryRunner.query(
      `INSERT INTO environment_erasure (environment_id, next_at, created_at)
       SELECT id, now(), deleted_at FROM environment WHERE deleted_at IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE environment_erasure`);
    await queryRunner.query(
      `ALTER TABLE audit_entry
         DROP CONSTRAINT audit_entry_resource_type_known,
         ADD CONSTRAINT audit_entry_resource_type_known CHECK (
           resource_type IN ('environment', 'api_token', 'webhook', 'delivery')
         ) NOT VALID`,
    );
    await queryRunner.query(`UPDATE event SET payload = '{}' WHERE payload IS NULL`);
    await queryRunner.query(`ALTER TABLE event ALTER COLUMN payload SET NOT NULL`);
  }
}
