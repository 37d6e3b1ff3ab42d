import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lists of tests find them at once among everything else; what is no test has no entry in these indexes. And whether the
 * name of an environment is taken is looked up by it.
 *
 * Locks: event and delivery, against writing, while their indexes are built: about ten seconds for ten million rows.
 * Undo: `down` drops the indexes.
 */
export class ListedTests1765700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE INDEX event_tests ON event (environment_id, id DESC) WHERE is_test`);
    for (const owner of ['environment', 'webhook']) {
      await queryRunner.query(
        `CREATE INDEX delivery_tests_of_${owner} ON delivery (${owner}_id, id DESC) WHERE event_type = 'test'`,
      );
    }
    await queryRunner.query(`CREATE INDEX environment_by_name ON environment (name) WHERE deleted_at IS NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `DROP INDEX event_tests, delivery_tests_of_environment, delivery_tests_of_webhook, environment_by_name`,
    );
  }
}
