import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import { unnest } from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import {
  type Acceptance,
  CLAIMED_KEY,
  eventParameters,
  eventValues,
  type IncomingEvent,
  REFUSED,
} from './accept-events.js';

/**
 * Stores events that owe too many deliveries for one statement, with the webhooks that match now. Exactly these are
 * owed; their deliveries follow in parts (queue/expand-fan-out.ts, docs/adr/0011). It takes no longer than storing the
 * events.
 */
export const DEFER_EVENTS = new StoredStatement({
  name: 'defer_events',
  parameters: eventParameters,
  returns: columnsOf<Row>({ refused: 'json', owed: 'json' }),
  sql: `
  WITH incoming AS MATERIALIZED (
    SELECT * FROM ${unnest(eventParameters, 'i')}
  ),
  ${CLAIMED_KEY},
  accepted AS MATERIALIZED (
    SELECT * FROM incoming i WHERE i.idempotency_key IS NULL OR i.id IN (SELECT resource_id FROM claimed_key)
  ),
  stored AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT id, environment_id, event_type, payload, created_at FROM accepted
  ),
  kind AS MATERIALIZED (
    SELECT environment_id, event_type, array_agg(id ORDER BY id) AS event_ids
    FROM accepted
    GROUP BY environment_id, event_type
  ),
  owed AS MATERIALIZED (
    SELECT k.*, s.*
    FROM kind k
    CROSS JOIN LATERAL (
      SELECT array_agg(w.id ORDER BY w.id) AS webhook_ids, array_agg(w.revision ORDER BY w.id) AS revisions
      FROM (
        SELECT w.id, w.revision FROM webhook w
        WHERE w.environment_id = k.environment_id AND w.is_active
          AND (w.event_types IS NULL OR k.event_type = ANY (w.event_types))
        OFFSET 0
      ) w
    ) s
    WHERE s.webhook_ids IS NOT NULL
  ),
  written AS (
    INSERT INTO fan_out (environment_id, first_event_id, last_event_id, event_type, event_ids, webhook_ids, revisions, owed,
      created_at)
    SELECT environment_id, event_ids[1], event_ids[cardinality(event_ids)], event_type, event_ids, webhook_ids, revisions,
      cardinality(event_ids) * cardinality(webhook_ids), now()
    FROM owed
  )
  SELECT
    ${REFUSED},
    (
      SELECT coalesce(json_object_agg(environment_id, deliveries), '{}')
      FROM (
        SELECT environment_id, sum(cardinality(event_ids) * cardinality(webhook_ids))::float8 AS deliveries
        FROM owed
        GROUP BY environment_id
      ) of_environment
    )`,
});

interface Row {
  refused: string[];
  owed: Record<string, number>;
}

/** Committed when it resolves, unless `database` is in a transaction. */
export async function deferEvents(database: Queryable, events: readonly IncomingEvent[]): Promise<Acceptance> {
  const [row] = await DEFER_EVENTS.run(database, eventValues(events));
  return { refused: new Set(row!.refused), leased: [], unleased: [], deliveries: new Map(Object.entries(row!.owed)) };
}
