import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the replicas together ask for of a token's RATE_LIMIT_PER_10S, one row for a token and ten seconds. Not logged: after a
 * crash of the server, or on a standby that takes over, the table is empty, and a window begins anew. Nothing refers to it,
 * so that no statement about tokens waits for it.
 *
 * Locks: nothing that is in use. The version before counts by itself, as it did. Undo: `down`.
 */
export class RequestDemand1765100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE UNLOGGED TABLE request_demand (
        subject  text   NOT NULL,
        period   bigint NOT NULL,
        requests bigint NOT NULL,
        CONSTRAINT request_demand_pkey PRIMARY KEY (subject, period)
      )`);
    await queryRunner.query(`COMMENT ON COLUMN request_demand.subject IS 'admin, or the id of an API token'`);
    await queryRunner.query(`COMMENT ON COLUMN request_demand.period IS 'unix time by ten seconds'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE request_demand`);
  }
}
