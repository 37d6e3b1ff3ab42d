import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The queue's key is the delivery's id alone. Results name hundreds of deliveries of any number of environments; found
 * by a list of ids, they cost one step in the index each, whatever the planner believes of the table's size
 * (src/database/statements/stored-statement.ts). The index of environments is for lists, and like the others for those leaves out
 * what is leased: most deliveries never have an entry in it.
 */
export class QueueKey1764200000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE delivery_queue
         DROP CONSTRAINT delivery_queue_pkey,
         ADD CONSTRAINT delivery_queue_pkey PRIMARY KEY (delivery_id)`,
    );
    await queryRunner.query(
      `CREATE INDEX delivery_queue_of_environment ON delivery_queue (environment_id, delivery_id) WHERE lease IS NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX delivery_queue_of_environment`);
    await queryRunner.query(
      `ALTER TABLE delivery_queue
         DROP CONSTRAINT delivery_queue_pkey,
         ADD CONSTRAINT delivery_queue_pkey PRIMARY KEY (environment_id, delivery_id)`,
    );
  }
}
