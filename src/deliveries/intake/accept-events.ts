import type { Queryable } from '../../database/queryable.js';
import { columnsOf } from '../../database/statements/columns.js';
import {
  byteaArray,
  textArray,
  timestampArray,
  unnest,
  uuidArray,
  type ValuesOf,
} from '../../database/statements/parameter-types.js';
import { StoredStatement } from '../../database/statements/stored-statement.js';
import { deliveryIdFor, deliveryIdForSql } from '../delivery-ids.js';
import type { LeasedDelivery, Target } from '../delivery.types.js';
import { type LeaseGrant, leaseGrantParameters, leaseGrantValues } from '../queue/lease-grant.js';
import { EVENT_OPERATION } from './event-keys.js';
import { isUnknown, knownTargetParameters, knownTargetValues, targetOf } from '../queue/read-targets.js';

export interface IncomingEvent {
  id: string;
  environmentId: string;
  eventType: string;
  /** JSON text, as it was written. */
  payload: string;
  createdAt: Date;
  idempotency: { key: string; contentHash: Buffer } | null;
}

export interface Acceptance {
  /** Ids of the events that were not stored: their idempotency key was taken. */
  refused: ReadonlySet<string>;
  leased: LeasedDelivery[];
  /** The webhooks that have more of them, due for any replica. */
  unleased: string[];
  /** How many deliveries are owed, by environment. */
  deliveries: ReadonlyMap<string, number>;
}

/** SQL: a query of a WITH that claims the keys of `incoming` events. */
export const CLAIMED_KEY = `claimed_key AS (
    INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, created_at)
    SELECT environment_id, '${EVENT_OPERATION}', idempotency_key, content_hash, id, now()
    FROM incoming
    WHERE idempotency_key IS NOT NULL
    ORDER BY environment_id, idempotency_key, id
    ON CONFLICT DO NOTHING
    RETURNING resource_id
  )`;

/** SQL: the ids of the events whose key was taken, as JSON. */
export const REFUSED = `(
      SELECT coalesce(json_agg(idempotent.id), '[]')
      FROM (SELECT id FROM incoming WHERE idempotency_key IS NOT NULL) idempotent
      WHERE id NOT IN (SELECT resource_id FROM claimed_key)
    )`;

export const eventParameters = {
  id: uuidArray,
  environment_id: uuidArray,
  event_type: textArray,
  payload: textArray,
  created_at: timestampArray,
  idempotency_key: textArray,
  content_hash: byteaArray,
};

export function eventValues(events: readonly IncomingEvent[]): ValuesOf<typeof eventParameters> {
  return {
    id: events.map(({ id }) => id),
    environment_id: events.map(({ environmentId }) => environmentId),
    event_type: events.map(({ eventType }) => eventType),
    payload: events.map(({ payload }) => payload),
    created_at: events.map(({ createdAt }) => createdAt),
    idempotency_key: events.map(({ idempotency }) => idempotency?.key),
    content_hash: events.map(({ idempotency }) => idempotency?.contentHash),
  };
}

/** With the id of each event's first delivery. */
const incomingParameters = { ...eventParameters, delivery_id: uuidArray };

/**
 * Stores events and fans them out in one statement: an event and what it owes are committed together. Webhooks are read
 * here and never from a cache, so every change answered before is seen. A change that commits meanwhile may be missed:
 * then the deliveries carry the old revision, and do not start (engine/start-permits.ts).
 *
 * Deliveries are born leased as far as this replica, their environment and their webhook have room; none for an
 * endpoint that is down, recovering or paused. The others are due at once. Webhooks get places in turn, and the last
 * place of each is within what is free after it (engine/in-flight.ts).
 */
export const ACCEPT_EVENTS = new StoredStatement({
  name: 'accept_events',
  parameters: {
    ...incomingParameters,
    ...leaseGrantParameters,
    ...knownTargetParameters,
  },
  returns: columnsOf<Row>({ refused: 'json', leased: 'json', targets: 'json', unleased: 'json', deliveries: 'json' }),
  sql: `
  WITH incoming AS MATERIALIZED (
    SELECT * FROM ${unnest(incomingParameters, 'i', 'number')}
  ),
  ${CLAIMED_KEY},
  accepted AS NOT MATERIALIZED (
    SELECT * FROM incoming i WHERE i.idempotency_key IS NULL OR i.id IN (SELECT resource_id FROM claimed_key)
  ),
  stored AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT id, environment_id, event_type, payload, created_at FROM accepted
  ),
  room AS (
    SELECT * FROM unnest(p_room_webhook_ids, p_webhook_rooms) AS r (webhook_id, room)
  ),
  environment_room AS (
    SELECT * FROM unnest(p_room_environment_ids, p_environment_rooms) AS e (environment_id, room)
  ),
  subscriber AS MATERIALIZED (
    SELECT kind.environment_id, kind.event_type, w.id AS webhook_id,
      row_number() OVER (PARTITION BY kind.environment_id, kind.event_type) AS ordinal,
      CASE
        WHEN h.paused_until > now() OR h.in_flight_limit IS NOT NULL THEN 0
        ELSE coalesce(r.room, p_per_webhook)
      END AS room,
      coalesce(e.room, p_per_environment) AS environment_room
    FROM (SELECT DISTINCT environment_id, event_type FROM accepted) kind
    CROSS JOIN LATERAL (
      SELECT w.id FROM webhook w
      WHERE w.environment_id = kind.environment_id AND w.is_active
        AND (w.event_types IS NULL OR kind.event_type = ANY (w.event_types))
      OFFSET 0
    ) w
    LEFT JOIN LATERAL (SELECT * FROM webhook_health h WHERE h.webhook_id = w.id LIMIT 1) h ON true
    LEFT JOIN room r ON r.webhook_id = w.id
    LEFT JOIN environment_room e ON e.environment_id = kind.environment_id
  ),
  matched AS (
    SELECT
      -- As deliveryIdFor. The first id comes with the event: making one here takes a tenth of the whole.
      CASE
        WHEN s.ordinal = 1 THEN a.delivery_id
        ELSE ${deliveryIdForSql('a.id')}
      END AS delivery_id,
      s.ordinal > 1 AS is_id_new, a.id AS event_id, a.number, a.environment_id, a.event_type, a.created_at, s.webhook_id,
      s.room, s.environment_room,
      row_number() OVER (PARTITION BY s.webhook_id ORDER BY a.id) AS place
    FROM accepted a
    JOIN subscriber s ON s.environment_id = a.environment_id AND s.event_type = a.event_type
  ),
  ranked AS MATERIALIZED (
    SELECT m.*, m.place <= m.room
      AND row_number() OVER (PARTITION BY m.environment_id ORDER BY m.place > m.room, m.place, m.event_id)
        <= m.environment_room AS is_able
    FROM matched m
  ),
  placed AS MATERIALIZED (
    -- What its environment has no room for takes nobody's place.
    SELECT r.*, r.is_able
      AND r.place + row_number() OVER (ORDER BY NOT r.is_able, r.place, r.event_id) <= p_total + 1 AS is_leased
    FROM ranked r
  ),
  queued AS (
    INSERT INTO delivery_queue
      (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at, lease, leased_by, leased_until)
    SELECT delivery_id, environment_id, webhook_id, event_id, event_type, created_at, now(),
      CASE WHEN is_leased THEN p_lease END,
      CASE WHEN is_leased THEN p_replica_id END,
      CASE WHEN is_leased THEN now() + p_lease_ms * interval '1 millisecond' END
    FROM placed
  )
  SELECT
    ${REFUSED},
    (
      SELECT coalesce(json_agg(json_build_array(webhook_id, numbers, new_ids)), '[]')
      FROM (
        SELECT webhook_id, json_agg(number) AS numbers, json_agg(CASE WHEN is_id_new THEN delivery_id END) AS new_ids
        FROM placed
        WHERE is_leased
        GROUP BY webhook_id
      ) of_webhook
    ),
    (
      SELECT coalesce(json_agg(${targetOf('w')}), '[]')
      FROM (SELECT DISTINCT webhook_id FROM placed WHERE is_leased) p
      CROSS JOIN LATERAL (
        SELECT * FROM webhook w WHERE w.id = p.webhook_id AND ${isUnknown('w')} LIMIT 1
      ) w
    ),
    (SELECT coalesce(json_agg(DISTINCT webhook_id), '[]') FROM placed WHERE NOT is_leased),
    (
      SELECT coalesce(json_object_agg(environment_id, owed), '{}')
      FROM (SELECT environment_id, count(*) AS owed FROM placed GROUP BY environment_id) of_environment
    )`,
});

interface Row {
  refused: string[];
  /**
   * By webhook, for each delivery: the number of its event among the parameters, from 1, and its id if that did not
   * come with the event. Ids as text take most of an answer's time.
   */
  leased: [webhookId: string, numbers: number[], newIds: (string | null)[]][];
  targets: Target[];
  unleased: string[];
  deliveries: Record<string, number>;
}

/**
 * Committed when it resolves, unless `database` is in a transaction.
 *
 * @param grant the caller releases its reservation.
 */
export async function acceptEvents(
  database: Queryable,
  events: readonly IncomingEvent[],
  grant: LeaseGrant,
): Promise<Acceptance> {
  const readAt = performance.now();
  const targets = grant.knownTargets.fresh(readAt);
  const deliveryIds = events.map(({ id }) => deliveryIdFor(id));
  const [row] = await ACCEPT_EVENTS.run(database, {
    ...eventValues(events),
    delivery_id: deliveryIds,
    ...leaseGrantValues(grant),
    ...knownTargetValues(targets),
  });
  for (const target of row!.targets) targets.set(target.webhookId, target);
  grant.knownTargets.learn(row!.targets, readAt);
  const byEvent = events.map((): LeasedDelivery[] => []);
  for (const [webhookId, numbers, newIds] of row!.leased) {
    const target = targets.get(webhookId)!;
    numbers.forEach((number, index) => {
      const { id, eventType, payload, createdAt } = events[number - 1]!;
      byEvent[number - 1]!.push({
        id: newIds[index] ?? deliveryIds[number - 1]!,
        lease: grant.lease,
        target,
        event: { id, type: eventType, payload, createdAt },
        attemptCount: 0,
        failures: 0,
        isTest: false,
        isProbe: false,
        isForced: false,
        readAt,
      });
    });
  }
  const { refused, unleased } = row!;
  const deliveries = new Map(Object.entries(row!.deliveries));
  return { refused: new Set(refused), leased: byEvent.flat(), unleased, deliveries };
}
