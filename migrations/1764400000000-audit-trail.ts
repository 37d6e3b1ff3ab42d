import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who did what and when. An entry names a resource and the fields that changed, never what they held: there is no column
 * that could keep a secret, a target or a payload. The database itself refuses to change or remove one.
 *
 * An id and its time are made by the database from the statement's own time, which is one and the same for both and
 * later than any lock that the transaction waited for. The index of a primary key is the list, newest first.
 *
 * `recovered` had no use at first. To add a word to the constraint later would read every entry there is.
 *
 * Locks: environment, against changes of its rows, until the migrations have committed. Undo: `down` drops the entries.
 */
export class AuditTrail1764400000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE audit_entry (
        id             uuid           NOT NULL DEFAULT uuid_v7(statement_timestamp()),
        environment_id uuid           NOT NULL,
        actor          text           NOT NULL,
        action         text           NOT NULL,
        resource_type  text           NOT NULL,
        resource_id    uuid           NOT NULL,
        changed_fields text[],
        created_at     timestamptz(3) NOT NULL DEFAULT date_trunc('milliseconds', statement_timestamp()),
        CONSTRAINT audit_entry_pkey PRIMARY KEY (id),
        CONSTRAINT audit_entry_environment FOREIGN KEY (environment_id) REFERENCES environment (id),
        CONSTRAINT audit_entry_actor_known CHECK (actor ~ '^(admin|system|[0-9a-f-]{36})$'),
        CONSTRAINT audit_entry_action_known CHECK (
          action IN ('created', 'changed', 'deleted', 'rotated', 'retried', 'recovered')
        ),
        CONSTRAINT audit_entry_resource_type_known CHECK (
          resource_type IN ('environment', 'api_token', 'webhook', 'delivery')
        ),
        CONSTRAINT audit_entry_environment_is_its_own CHECK (
          resource_type <> 'environment' OR resource_id = environment_id
        ),
        CONSTRAINT audit_entry_change_names_fields CHECK (
          (action = 'changed') = (changed_fields IS NOT NULL) AND cardinality(changed_fields) > 0
        )
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN audit_entry.actor IS 'admin, system, or the id of an API token, which may be gone'`,
    );
    await queryRunner.query(`CREATE INDEX audit_entry_of_environment ON audit_entry (environment_id, id DESC)`);
    await queryRunner.query(`CREATE INDEX audit_entry_of_actor ON audit_entry (actor, id DESC)`);
    await queryRunner.query(`CREATE INDEX audit_entry_of_resource ON audit_entry (resource_id, id DESC)`);

    await queryRunner.query(`
      CREATE FUNCTION refuse_audit_change() RETURNS trigger
      LANGUAGE plpgsql
      AS $$
      BEGIN
        RAISE EXCEPTION 'audit_entry is append-only: % is refused', TG_OP;
      END
      $$`);
    await queryRunner.query(`
      CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP TABLE audit_entry`);
    await queryRunner.query(`DROP FUNCTION refuse_audit_change()`);
  }
}
