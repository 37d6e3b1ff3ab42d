import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Makes and drops the days of the logs as their owner, whoever asks: the role that runs Tidings needs no right to create
 * anything, and owns nothing. It can ask for days of the three logs alone, and gets none dropped that still owes deliveries.
 *
 * What they do, and in which order they lock: src/database/partitions/daily-partitions.ts and partition-dropper.ts. The search path is
 * pinned, so that nobody's temporary table stands in for one of ours, and PUBLIC may not call them.
 *
 * Locks: none, every function is new. The version before makes and drops days by itself, as the owner. Undo: `down`.
 */
export class PartitionFunctions1765600000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const [{ schema }] = (await queryRunner.query('SELECT quote_ident(current_schema()) AS schema')) as [
      { schema: string },
    ];
    const asOwner = `LANGUAGE plpgsql STRICT SECURITY DEFINER SET search_path = ${schema}, pg_temp SET lock_timeout = 0`;

    await queryRunner.query(`
      CREATE FUNCTION first_id_of_day(day integer) RETURNS uuid
      LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS $$ SELECT (lpad(to_hex(day * 86400000::bigint), 12, '0') || repeat('0', 20))::uuid $$`);
    await queryRunner.query(
      `COMMENT ON FUNCTION first_id_of_day IS 'the smallest UUIDv7 of the day, which is counted from 1970-01-01, in UTC'`,
    );

    await queryRunner.query(`
      CREATE FUNCTION name_of_day(log text, day integer) RETURNS text
      LANGUAGE plpgsql IMMUTABLE STRICT
      AS $$
      BEGIN
        -- The years that have four digits.
        IF log NOT IN ('event', 'delivery', 'attempt') OR day NOT BETWEEN 0 AND 2932896 THEN
          RAISE EXCEPTION 'no log has such a day' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        RETURN log || '_' || to_char(date '1970-01-01' + day, 'YYYYMMDD');
      END
      $$`);

    await queryRunner.query(`
      CREATE FUNCTION make_day(log text, day integer) RETURNS void
      ${asOwner}
      AS $$
      DECLARE
        partition text := name_of_day(log, day);
      BEGIN
        PERFORM pg_advisory_xact_lock(7629156);
        IF EXISTS (SELECT FROM pg_inherits WHERE inhparent = to_regclass(log) AND inhrelid = to_regclass(partition)) THEN
          RETURN;
        END IF;
        SET LOCAL lock_timeout = '2s';
        -- Made beside and attached: unlike CREATE TABLE … PARTITION OF, that does not lock the table against inserts.
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', partition, log);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
          log, partition, first_id_of_day(day), first_id_of_day(day + 1));
      END
      $$`);

    await queryRunner.query(`
      CREATE FUNCTION owes_deliveries_of_day(day integer) RETURNS boolean
      LANGUAGE plpgsql STRICT
      AS $$
      DECLARE
        is_owing boolean;
      BEGIN
        -- Planned each time: a plan of a time when the queue was small would read all of it.
        EXECUTE 'SELECT
            EXISTS (SELECT FROM delivery_queue WHERE delivery_id >= $1 AND delivery_id < $2)
            OR EXISTS (
              SELECT FROM fan_out f WHERE last_event_id >= $1 AND first_event_id < $2
                AND (SELECT n.deleted_at IS NULL FROM environment n WHERE n.id = f.environment_id)
            )'
          INTO is_owing USING first_id_of_day(day), first_id_of_day(day + 1);
        RETURN is_owing;
      END
      $$`);

    await queryRunner.query(`
      CREATE FUNCTION drop_day(log text, day integer) RETURNS text
      ${asOwner}
      AS $$
      DECLARE
        partition text := name_of_day(log, day);
      BEGIN
        IF NOT pg_try_advisory_xact_lock(7629156) OR to_regclass(partition) IS NULL THEN
          RETURN 'gone';
        END IF;
        IF owes_deliveries_of_day(day) THEN
          RETURN 'owing';
        END IF;
        SET LOCAL lock_timeout = '2s';
        EXECUTE format('LOCK TABLE %I IN SHARE UPDATE EXCLUSIVE MODE', partition);
        SET LOCAL lock_timeout = '100ms';
        EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', log);
        IF owes_deliveries_of_day(day) THEN
          RETURN 'owing';
        END IF;
        EXECUTE format('DROP TABLE %I', partition);
        RETURN 'dropped';
      END
      $$`);

    await queryRunner.query(`REVOKE EXECUTE ON FUNCTION make_day(text, integer), drop_day(text, integer) FROM PUBLIC`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION drop_day(text, integer), owes_deliveries_of_day(integer), make_day(text, integer),
        name_of_day(text, integer), first_id_of_day(integer)`);
  }
}
