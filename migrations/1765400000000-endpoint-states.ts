import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the API tells of an endpoint: since when it is in its state, and its last success and failure. So a row stays when
 * its endpoint is healthy again, and `is_in_trouble` tells the others apart. It is a column of its own, for an index on what
 * it is made of would be written to with every failure.
 *
 * While an endpoint is down, `next_first_try_at` says when the next delivery may be sent to it that was never tried
 * (docs/adr/0012). The previous version leaves it as it is, and keeps no row of a healthy endpoint, which both versions take.
 *
 * Locks: webhook_health, while it is written anew, and delivery_queue, against writing, while its index is built: a second for
 * a million deliveries that wait. Undo: `down` drops them.
 */
export class EndpointStates1765400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE webhook_health
        ADD COLUMN next_first_try_at timestamptz(3),
        ADD COLUMN changed_at timestamptz(3) NOT NULL DEFAULT now(),
        ADD COLUMN paused_at timestamptz(3),
        ADD COLUMN last_success_at timestamptz(3),
        ADD COLUMN last_failure_at timestamptz(3),
        ADD COLUMN last_failure_error text,
        ADD COLUMN last_failure_status smallint,
        ADD COLUMN last_failure_delivery_id uuid,
        ADD COLUMN is_in_trouble boolean GENERATED ALWAYS AS (
          consecutive_failures > 0 OR in_flight_limit IS NOT NULL OR paused_until IS NOT NULL
        ) STORED,
        ADD CONSTRAINT webhook_health_last_failure_whole
          CHECK (num_nulls(last_failure_at, last_failure_delivery_id) IN (0, 2))`);
    await queryRunner.query(
      `COMMENT ON COLUMN webhook_health.changed_at IS 'since when it is healthy, failing, down or recovering'`,
    );
    await queryRunner.query(
      `CREATE INDEX webhook_health_in_trouble ON webhook_health (webhook_id) WHERE is_in_trouble`,
    );
    await queryRunner.query(
      `CREATE INDEX delivery_queue_untried ON delivery_queue (webhook_id, due_at)
       WHERE lease IS NULL AND attempt_count = 0`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX delivery_queue_untried`);
    await queryRunner.query(`DELETE FROM webhook_health WHERE NOT is_in_trouble`);
    await queryRunner.query(`
      ALTER TABLE webhook_health
        DROP COLUMN is_in_trouble, DROP COLUMN next_first_try_at, DROP COLUMN changed_at, DROP COLUMN paused_at,
        DROP COLUMN last_success_at, DROP COLUMN last_failure_at, DROP COLUMN last_failure_error,
        DROP COLUMN last_failure_status, DROP COLUMN last_failure_delivery_id`);
  }
}
