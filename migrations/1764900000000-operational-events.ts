import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Tells the operator by webhook. What happens is written down in the statement that makes it happen, and becomes an event
 * with its deliveries a moment later: `operational_event` holds what has not, and `operator_webhook` says for which webhook,
 * and whether at all.
 *
 * Locks: webhook, against changes of its rows, until the migrations have committed. The version before writes no operational
 * events, and cannot erase the environment of the operator's webhook; it tries again after a minute.
 * Undo: `down` drops what was not yet delivered; the webhook with its environment stays as an ordinary one.
 */
export class OperationalEvents1764900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE operator_webhook (
        environment_id uuid    NOT NULL,
        webhook_id     uuid    NOT NULL,
        is_on          boolean NOT NULL,
        is_backlog_old boolean NOT NULL DEFAULT false,
        CONSTRAINT operator_webhook_pkey PRIMARY KEY (environment_id),
        CONSTRAINT operator_webhook_webhook FOREIGN KEY (environment_id, webhook_id) REFERENCES webhook (environment_id, id)
      )`);
    await queryRunner.query(`CREATE UNIQUE INDEX operator_webhook_one ON operator_webhook ((true))`);
    await queryRunner.query(
      `COMMENT ON COLUMN operator_webhook.is_on IS 'false: OPERATOR_WEBHOOK_URL was taken away, no operational event is written'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN operator_webhook.is_backlog_old IS 'backlog.old has told of it; it is told again when it has been young'`,
    );
    await queryRunner.query(`
      CREATE TABLE operational_event (
        id         uuid           NOT NULL,
        event_type text           NOT NULL,
        payload    text           NOT NULL,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT operational_event_pkey PRIMARY KEY (id)
      )`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE operational_event, operator_webhook`);
  }
}
