import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What was asked to be recovered and how far that has come. A replica works on a recovery in short transactions, each of
 * which moves a cursor together with what it did, so that any replica can go on where another one died.
 *
 * The index of those that run lets one run at a time for each webhook, and is all that an idle replica looks at.
 *
 * Locks: webhook, against changes of its rows, until the migrations have committed. Undo: `down` drops the recoveries;
 * what they queued stays.
 */
export class Recovery1764600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE recovery (
        id              uuid           NOT NULL,
        environment_id  uuid           NOT NULL,
        webhook_id      uuid           NOT NULL,
        since           timestamptz(3) NOT NULL,
        until           timestamptz(3) NOT NULL,
        event_types     text[],
        statuses        text[]         NOT NULL,
        status          text           NOT NULL DEFAULT 'running',
        total           integer        NOT NULL DEFAULT 0,
        queued          integer        NOT NULL DEFAULT 0,
        counted_to      uuid           NOT NULL,
        queued_to       uuid           NOT NULL,
        end_id          uuid           NOT NULL,
        earlier_writers text[]         NOT NULL,
        created_at      timestamptz(3) NOT NULL,
        completed_at    timestamptz(3),
        CONSTRAINT recovery_pkey PRIMARY KEY (environment_id, id),
        CONSTRAINT recovery_webhook FOREIGN KEY (environment_id, webhook_id) REFERENCES webhook (environment_id, id),
        CONSTRAINT recovery_range_not_empty CHECK (since < until),
        CONSTRAINT recovery_event_types_not_empty CHECK (cardinality(event_types) > 0),
        CONSTRAINT recovery_statuses_known CHECK (
          cardinality(statuses) > 0 AND statuses <@ ARRAY['missed', 'failed', 'canceled', 'succeeded']
        ),
        CONSTRAINT recovery_status_known CHECK (status IN ('running', 'done', 'stopped')),
        CONSTRAINT recovery_completed_unless_running CHECK ((status = 'running') = (completed_at IS NULL)),
        CONSTRAINT recovery_counts CHECK (total >= 0 AND queued >= 0),
        CONSTRAINT recovery_cursors_in_range CHECK (queued_to <= counted_to AND counted_to <= end_id),
        CONSTRAINT recovery_done_is_at_end CHECK (status <> 'done' OR queued_to = end_id)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN recovery.event_types IS 'NULL: every type, as the webhook was subscribed to at the time'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN recovery.queued_to IS 'ids of events and deliveries below it are dealt with; likewise counted_to'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN recovery.earlier_writers IS 'transactions that were storing events when it began, as pg_locks names them'`,
    );
    await queryRunner.query(
      `CREATE UNIQUE INDEX recovery_one_running ON recovery (webhook_id) WHERE status = 'running'`,
    );
    await queryRunner.query(`CREATE INDEX recovery_of_webhook ON recovery (webhook_id, id DESC)`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE recovery`);
  }
}
