import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is owed and not yet in the queue. Events that owe more deliveries than one statement should write are stored with
 * a row for each of their types: who is owed, as it was in that moment, and how many of the pairs of event and webhook are
 * deliveries by now. A replica makes the others, some thousands at a time (docs/adr/0011).
 *
 * Locks: nothing. The version before neither makes nor sees such rows: while it runs beside this one, it may drop the day
 * of an event, or recover one, that a row still names; a row lives for seconds. Undo: `down` drops what is still owed.
 */
export class FanOut1765000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE fan_out (
        environment_id uuid           NOT NULL,
        first_event_id uuid           NOT NULL,
        last_event_id  uuid           NOT NULL,
        event_type     text           NOT NULL,
        event_ids      uuid[]         NOT NULL,
        webhook_ids    uuid[]         NOT NULL,
        revisions      integer[]      NOT NULL,
        owed           integer        NOT NULL,
        made           integer        NOT NULL DEFAULT 0,
        created_at     timestamptz(3) NOT NULL,
        CONSTRAINT fan_out_pkey PRIMARY KEY (environment_id, first_event_id),
        CONSTRAINT fan_out_event_ids_in_order CHECK (
          first_event_id = event_ids[1] AND last_event_id = event_ids[cardinality(event_ids)] AND first_event_id <= last_event_id
        ),
        CONSTRAINT fan_out_revision_for_each CHECK (cardinality(revisions) = cardinality(webhook_ids)),
        CONSTRAINT fan_out_owed_to_each CHECK (owed = cardinality(event_ids) * cardinality(webhook_ids)),
        CONSTRAINT fan_out_is_unfinished CHECK (made >= 0 AND made < owed)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN fan_out.revisions IS 'of the webhooks, each as it was when it was found to be owed the events'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN fan_out.made IS 'pairs that are deliveries: all webhooks of the first event, then all of the second, and so on'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE fan_out`);
  }
}
