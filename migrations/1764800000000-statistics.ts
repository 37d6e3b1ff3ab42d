import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts of what became of deliveries, and how long attempts took.
 *
 * `stats_entry` is what one statement came to for one webhook: a row that nobody else touches, so that counting neither
 * waits nor deadlocks. `stats_bucket` has sums: of each webhook, and of its environment as a whole. What has happened is
 * in one place: first an entry, then part of a minute's bucket, later of an hour's and at last of a day's.
 *
 * Neither references anything: like the queue, they are written for every delivery.
 *
 * Statistics begin with this migration; what ended before it is not counted.
 *
 * Locks: none, the tables are new. Undo: `down` drops them; a later `up` begins anew.
 */
export class Statistics1764800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE stats_entry (
        id             bigint         NOT NULL GENERATED ALWAYS AS IDENTITY,
        environment_id uuid           NOT NULL,
        webhook_id     uuid           NOT NULL,
        at             timestamptz(3) NOT NULL,
        succeeded      integer        NOT NULL,
        failed         integer        NOT NULL,
        canceled       integer        NOT NULL,
        latencies      smallint[]     NOT NULL,
        CONSTRAINT stats_entry_pkey PRIMARY KEY (id)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN stats_entry.succeeded IS 'deliveries that ended so at that time; negative: that are pending again'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN stats_entry.latencies IS 'a number for each attempt: the interval in which its duration lies'`,
    );
    await queryRunner.query(`
      CREATE TABLE stats_bucket (
        environment_id uuid           NOT NULL,
        subject_id     uuid           NOT NULL,
        width_s        integer        NOT NULL,
        at             timestamptz(3) NOT NULL,
        moves_at       timestamptz(3) NOT NULL,
        succeeded      integer        NOT NULL,
        failed         integer        NOT NULL,
        canceled       integer        NOT NULL,
        latencies      smallint[]     NOT NULL,
        latency_counts integer[]      NOT NULL,
        CONSTRAINT stats_bucket_pkey PRIMARY KEY (environment_id, subject_id, at, width_s),
        CONSTRAINT stats_bucket_width_known CHECK (width_s IN (60, 3600, 86400)),
        CONSTRAINT stats_bucket_latencies_counted CHECK (cardinality(latencies) = cardinality(latency_counts))
      )`);
    await queryRunner.query(`COMMENT ON COLUMN stats_bucket.subject_id IS 'a webhook, or the environment itself'`);
    await queryRunner.query(`COMMENT ON COLUMN stats_bucket.at IS 'its beginning; it is width_s seconds long'`);
    await queryRunner.query(
      `COMMENT ON COLUMN stats_bucket.moves_at IS 'when it becomes part of a wider one, or goes, if there is none'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN stats_bucket.latency_counts IS 'attempts in each of latencies, of those that have any'`,
    );
    await queryRunner.query(`CREATE INDEX stats_bucket_to_move ON stats_bucket (moves_at)`);
    await queryRunner.query(`CREATE TABLE stats_beginning (at timestamptz(3) NOT NULL)`);
    await queryRunner.query(`INSERT INTO stats_beginning VALUES (now())`);
    await queryRunner.query(
      `COMMENT ON COLUMN stats_beginning.at IS 'what ended before is not counted, nor taken back'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE stats_bucket, stats_entry, stats_beginning`);
  }
}
