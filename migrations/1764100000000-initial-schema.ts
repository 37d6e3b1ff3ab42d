import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The tables of the first version.
 *
 * Why so: docs/architecture.md, "The data". `delivery_queue` is small and hot and holds only what is unfinished;
 * `event`, `delivery` and `attempt` are logs, partitioned by day by their UUIDv7 key, so that retention drops a
 * partition instead of deleting rows. A delivery is in the queue or in the log, never in both, and is logged with the
 * attempt that it ended with (docs/adr/0008): one row and two index entries for most.
 * Nothing references a partitioned table: a referenced partition cannot be dropped.
 * `delivery_queue` and `idempotency_key` reference nothing either: they are written for every event, and a foreign key
 * would lock the webhook's or the environment's row each time. Both parents are only ever deleted softly.
 *
 * Locks: none that matter, every table is new. Undo: `down` drops them all, with the data.
 */
export class InitialSchema1764100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION uuid_v7(at timestamptz) RETURNS uuid
      LANGUAGE sql VOLATILE PARALLEL SAFE
      AS $$
        -- RFC 9562 §5.7: 48 bits of Unix milliseconds, then a random version 4 UUID's tail with the version set to 7.
        SELECT (
          lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0')
          || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14)
        )::uuid
      $$`);

    await queryRunner.query(`
      CREATE TABLE environment (
        id         uuid           NOT NULL,
        name       text           NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        deleted_at timestamptz(3),
        CONSTRAINT environment_pkey PRIMARY KEY (id),
        CONSTRAINT environment_name_length CHECK (char_length(name) BETWEEN 1 AND 200)
      )`);

    await queryRunner.query(`
      CREATE TABLE api_token (
        id             uuid           NOT NULL,
        environment_id uuid           NOT NULL,
        name           text           NOT NULL,
        token_hash     bytea          NOT NULL,
        scopes         text[]         NOT NULL,
        expires_at     timestamptz(3),
        last_used_at   timestamptz(3),
        created_at     timestamptz(3) NOT NULL,
        CONSTRAINT api_token_pkey PRIMARY KEY (environment_id, id),
        CONSTRAINT api_token_id_unique UNIQUE (id),
        CONSTRAINT api_token_hash_unique UNIQUE (token_hash),
        CONSTRAINT api_token_environment FOREIGN KEY (environment_id) REFERENCES environment (id),
        CONSTRAINT api_token_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
        CONSTRAINT api_token_hash_is_sha256 CHECK (octet_length(token_hash) = 32)
      )`);

    await queryRunner.query(`
      CREATE TABLE encryption_key (
        id          text           NOT NULL,
        fingerprint bytea          NOT NULL,
        created_at  timestamptz(3) NOT NULL,
        CONSTRAINT encryption_key_pkey PRIMARY KEY (id)
      )`);

    await queryRunner.query(`
      CREATE TABLE webhook (
        id              uuid           NOT NULL,
        environment_id  uuid           NOT NULL,
        target_url      text           NOT NULL,
        is_active       boolean        NOT NULL,
        event_types     text[],
        revision        integer        NOT NULL DEFAULT 1,
        disabled_at     timestamptz(3),
        disabled_reason text,
        created_at      timestamptz(3) NOT NULL,
        updated_at      timestamptz(3) NOT NULL,
        deleted_at      timestamptz(3),
        CONSTRAINT webhook_pkey PRIMARY KEY (environment_id, id),
        CONSTRAINT webhook_id_unique UNIQUE (id),
        CONSTRAINT webhook_environment FOREIGN KEY (environment_id) REFERENCES environment (id),
        CONSTRAINT webhook_target_url_length CHECK (char_length(target_url) BETWEEN 1 AND 2048),
        CONSTRAINT webhook_event_types_not_empty CHECK (cardinality(event_types) > 0),
        CONSTRAINT webhook_disabled_reason_known CHECK (disabled_reason IN ('manual', 'gone', 'failing')),
        CONSTRAINT webhook_disabled_has_reason CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
        CONSTRAINT webhook_active_is_not_disabled CHECK (NOT is_active OR disabled_at IS NULL),
        CONSTRAINT webhook_deleted_is_inactive CHECK (deleted_at IS NULL OR NOT is_active)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN webhook.event_types IS 'NULL: subscribed to every type, later ones too'`,
    );
    await queryRunner.query(`CREATE INDEX webhook_fan_out ON webhook (environment_id) WHERE is_active`);
    await queryRunner.query(
      `CREATE INDEX webhook_newest_first ON webhook (environment_id, id DESC) WHERE deleted_at IS NULL`,
    );

    await queryRunner.query(`
      CREATE TABLE webhook_revision (
        environment_id uuid           NOT NULL,
        webhook_id     uuid           NOT NULL,
        revision       integer        NOT NULL,
        target_url     text           NOT NULL,
        is_active      boolean        NOT NULL,
        event_types    text[],
        is_deleted     boolean        NOT NULL,
        changed_by     text           NOT NULL,
        changed_at     timestamptz(3) NOT NULL,
        CONSTRAINT webhook_revision_pkey PRIMARY KEY (environment_id, webhook_id, revision),
        CONSTRAINT webhook_revision_webhook FOREIGN KEY (environment_id, webhook_id) REFERENCES webhook (environment_id, id)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN webhook_revision.changed_by IS 'admin, system, or the id of an API token'`,
    );

    await queryRunner.query(`
      CREATE TABLE webhook_secret (
        environment_id uuid           NOT NULL,
        webhook_id     uuid           NOT NULL,
        id             uuid           NOT NULL,
        key_id         text,
        ciphertext     bytea,
        created_at     timestamptz(3) NOT NULL,
        expires_at     timestamptz(3),
        CONSTRAINT webhook_secret_pkey PRIMARY KEY (environment_id, webhook_id, id),
        CONSTRAINT webhook_secret_webhook FOREIGN KEY (environment_id, webhook_id) REFERENCES webhook (environment_id, id),
        CONSTRAINT webhook_secret_key FOREIGN KEY (key_id) REFERENCES encryption_key (id),
        CONSTRAINT webhook_secret_wiped_whole CHECK ((key_id IS NULL) = (ciphertext IS NULL))
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN webhook_secret.ciphertext IS '12-byte nonce, AES-256-GCM ciphertext, 16-byte tag; NULL once wiped'`,
    );

    await queryRunner.query(`
      CREATE TABLE webhook_health (
        webhook_id           uuid    NOT NULL,
        consecutive_failures integer NOT NULL,
        failing_since        timestamptz(3),
        failure_days         date[]  NOT NULL DEFAULT '{}',
        paused_until         timestamptz(3),
        in_flight_limit      integer,
        next_probe_at        timestamptz(3),
        CONSTRAINT webhook_health_pkey PRIMARY KEY (webhook_id),
        CONSTRAINT webhook_health_webhook FOREIGN KEY (webhook_id) REFERENCES webhook (id),
        CONSTRAINT webhook_health_counts CHECK (consecutive_failures >= 0 AND in_flight_limit >= 0),
        CONSTRAINT webhook_health_probed_while_down CHECK (
          (in_flight_limit IS NOT DISTINCT FROM 0) = (next_probe_at IS NOT NULL)
        )
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN webhook_health.in_flight_limit IS 'attempts that a replica may have in flight to it: 0 while it is down, growing while it recovers; NULL: as many as to any'`,
    );

    await queryRunner.query(`
      CREATE TABLE idempotency_key (
        environment_id uuid           NOT NULL,
        operation      text           NOT NULL,
        key            text           NOT NULL,
        content_hash   bytea          NOT NULL,
        resource_id    uuid           NOT NULL,
        answer         jsonb,
        created_at     timestamptz(3) NOT NULL,
        CONSTRAINT idempotency_key_pkey PRIMARY KEY (environment_id, operation, key),
        CONSTRAINT idempotency_key_length CHECK (char_length(key) BETWEEN 1 AND 255)
      )`);
    await queryRunner.query(`CREATE INDEX idempotency_key_oldest_first ON idempotency_key (created_at)`);

    await queryRunner.query(`
      CREATE TABLE event (
        id             uuid           NOT NULL,
        environment_id uuid           NOT NULL,
        event_type     text           NOT NULL,
        is_test        boolean        NOT NULL DEFAULT false,
        payload        text           NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        CONSTRAINT event_pkey PRIMARY KEY (environment_id, id)
      ) PARTITION BY RANGE (id)`);

    await queryRunner.query(`
      CREATE TABLE delivery (
        id                      uuid           NOT NULL,
        environment_id          uuid           NOT NULL,
        event_id                uuid           NOT NULL,
        webhook_id              uuid           NOT NULL,
        event_type              text           NOT NULL,
        status                  text           NOT NULL,
        attempt_count           integer        NOT NULL,
        cancel_reason           text,
        created_at              timestamptz(3) NOT NULL,
        completed_at            timestamptz(3) NOT NULL,
        number                  integer,
        lease                   uuid,
        started_at              timestamptz(3),
        duration_ms             integer,
        outcome                 text,
        error                   text,
        request_url             text,
        request_headers         text,
        response_status         smallint,
        response_headers        text,
        response_body           text,
        response_body_truncated boolean,
        CONSTRAINT delivery_pkey PRIMARY KEY (environment_id, id),
        CONSTRAINT delivery_status_known CHECK (status IN ('succeeded', 'failed', 'canceled')),
        CONSTRAINT delivery_cancel_reason_known CHECK (cancel_reason IN ('webhook_inactive', 'webhook_deleted', 'stopped')),
        CONSTRAINT delivery_canceled_has_reason CHECK ((status = 'canceled') = (cancel_reason IS NOT NULL)),
        CONSTRAINT delivery_attempts_counted CHECK (attempt_count >= coalesce(number, 0)),
        CONSTRAINT delivery_attempt_whole CHECK (
          num_nulls(number, lease, started_at, duration_ms, outcome, request_url, request_headers) IN (0, 7)
          AND num_nulls(response_status, response_headers, response_body, response_body_truncated) IN (0, 4)
        )
      ) PARTITION BY RANGE (id)`);
    await queryRunner.query(
      `COMMENT ON COLUMN delivery.number IS 'of the attempt that it ended with, to which the columns from here on belong; NULL: it ended without one'`,
    );
    await queryRunner.query(`CREATE INDEX delivery_of_webhook ON delivery (webhook_id, id DESC)`);

    await queryRunner.query(`
      CREATE TABLE attempt (
        delivery_id             uuid           NOT NULL,
        number                  integer        NOT NULL,
        lease                   uuid           NOT NULL,
        started_at              timestamptz(3) NOT NULL,
        duration_ms             integer        NOT NULL,
        outcome                 text           NOT NULL,
        error                   text,
        request_url             text           NOT NULL,
        request_headers         text           NOT NULL,
        response_status         smallint,
        response_headers        text,
        response_body           text,
        response_body_truncated boolean,
        CONSTRAINT attempt_pkey PRIMARY KEY (delivery_id, number),
        CONSTRAINT attempt_outcome_known CHECK (outcome IN ('succeeded', 'failed')),
        CONSTRAINT attempt_number_from_one CHECK (number >= 1),
        CONSTRAINT attempt_success_has_no_error CHECK (outcome = 'failed' OR error IS NULL),
        CONSTRAINT attempt_response_whole CHECK (
          num_nulls(response_status, response_headers, response_body, response_body_truncated) IN (0, 4)
        )
      ) PARTITION BY RANGE (delivery_id)`);
    await queryRunner.query(
      `COMMENT ON COLUMN attempt.lease IS 'the right under which it was made: one lease of a delivery makes one attempt'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN attempt.request_headers IS 'JSON as text: the type json would parse each attempt that is stored'`,
    );

    await queryRunner.query(`
      CREATE TABLE replica (
        id         uuid           NOT NULL,
        started_at timestamptz(3) NOT NULL,
        seen_at    timestamptz(3) NOT NULL,
        CONSTRAINT replica_pkey PRIMARY KEY (id)
      )`);

    await queryRunner.query(`
      CREATE TABLE delivery_queue (
        delivery_id    uuid           NOT NULL,
        environment_id uuid           NOT NULL,
        webhook_id     uuid           NOT NULL,
        event_id       uuid           NOT NULL,
        event_type     text           NOT NULL,
        created_at     timestamptz(3) NOT NULL,
        is_test        boolean        NOT NULL DEFAULT false,
        is_forced      boolean        NOT NULL DEFAULT false,
        due_at         timestamptz(3) NOT NULL,
        attempt_count  integer        NOT NULL DEFAULT 0,
        failures       smallint       NOT NULL DEFAULT 0,
        lost_leases    smallint       NOT NULL DEFAULT 0,
        cancel_reason  text,
        lease          uuid,
        leased_by      uuid,
        leased_until   timestamptz(3),
        CONSTRAINT delivery_queue_pkey PRIMARY KEY (environment_id, delivery_id),
        CONSTRAINT delivery_queue_cancel_reason_known CHECK (cancel_reason IN ('webhook_inactive', 'webhook_deleted', 'stopped')),
        CONSTRAINT delivery_queue_canceled_only_while_leased CHECK (cancel_reason IS NULL OR lease IS NOT NULL),
        CONSTRAINT delivery_queue_lease_whole CHECK (
          (lease IS NULL) = (leased_by IS NULL) AND (lease IS NULL) = (leased_until IS NULL)
        ),
        CONSTRAINT delivery_queue_counts CHECK (attempt_count >= 0 AND failures >= 0 AND lost_leases >= 0)
      )`);
    await queryRunner.query(
      `COMMENT ON COLUMN delivery_queue.failures IS 'failed attempts since the schedule began: its step'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN delivery_queue.lost_leases IS 'leases lost in a row; five end the delivery'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN delivery_queue.is_forced IS 'somebody asked for the next attempt: nothing holds it back'`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN delivery_queue.cancel_reason IS 'set when the webhook stopped during an attempt: no retry follows it'`,
    );
    await queryRunner.query(
      `CREATE INDEX delivery_queue_waiting ON delivery_queue (webhook_id, due_at) WHERE lease IS NULL`,
    );
    await queryRunner.query(
      `CREATE INDEX delivery_queue_exempt ON delivery_queue (webhook_id, due_at)
       WHERE lease IS NULL AND (failures = 1 OR is_forced)`,
    );
    await queryRunner.query(
      `CREATE INDEX delivery_queue_of_webhook ON delivery_queue (webhook_id, delivery_id) WHERE lease IS NULL`,
    );
    await queryRunner.query(`CREATE INDEX delivery_queue_leased ON delivery_queue (leased_by) WHERE lease IS NOT NULL`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE delivery_queue, replica, attempt, delivery, event, idempotency_key, webhook_health, webhook_secret,
        webhook_revision, webhook, encryption_key, api_token, environment`);
    await queryRunner.query(`DROP FUNCTION uuid_v7(timestamptz)`);
  }
}
