import { byteaArray, integerArray, textArray, timestampArray, uuidArray } from '../database/binary-arrays.js';
import type { Queryable } from '../database/queryable.js';
import { StoredStatement } from '../database/stored-statement.js';
import { deliveryIdFor, deliveryIdForSql } from '../deliveries/delivery-ids.js';
import type { LeasedDelivery, Target } from '../deliveries/delivery.types.js';
import type { Room } from '../deliveries/engine/room-keeper.js';
import { isUnknown, revisionColumns, targetOf } from '../deliveries/queue/read-targets.js';

/** An event on its way in. */
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
  /** Ids of the events that were not stored: their idempotency key was taken already. */
  refused: ReadonlySet<string>;
  /** Deliveries of those events that are leased to this replica. */
  leased: LeasedDelivery[];
  /** The webhooks that have more of them, due for whoever has room. */
  unleased: string[];
  /** How many deliveries the events are owed, by environment. */
  deliveries: ReadonlyMap<string, number>;
}

/** The idempotency_key.operation of events, one at a time or in a batch. */
export const EVENT_OPERATION = 'event.create';

/** SQL: a query of a WITH: claims the keys of `incoming` events. Of those that are taken already nothing is claimed. */
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

/** The parameters `$1` to `$7` of a statement that stores events. */
export function eventColumns(events: readonly IncomingEvent[]): Buffer[] {
  return [
    uuidArray(events.map(({ id }) => id)),
    uuidArray(events.map(({ environmentId }) => environmentId)),
    textArray(events.map(({ eventType }) => eventType)),
    textArray(events.map(({ payload }) => payload)),
    timestampArray(events.map(({ createdAt }) => createdAt)),
    textArray(events.map(({ idempotency }) => idempotency?.key)),
    byteaArray(events.map(({ idempotency }) => idempotency?.contentHash)),
  ];
}

/**
 * Stores events and fans them out, in one statement: an event and what it owes to each matching webhook are committed
 * together or not at all. Webhooks are read here and never from a cache, so whatever was answered before the event
 * arrived is seen. A change that commits while this runs may be missed: its deliveries then carry the old revision,
 * and the replica may not start them (deliveries/engine/start-permits.ts).
 *
 * Deliveries are born leased to this replica as far as it has room, at most so many for each webhook, and none for an
 * endpoint that is down, recovering or paused: what waits for it goes first. The others are due at once for whoever has
 * room. Webhooks get their places in turn, and the last place that each gets is within what is free after it
 * (engine/in-flight.ts); those of one environment get no more than it has room for, however many they are.
 */
export const ACCEPT_EVENTS = new StoredStatement<Row>({
  name: 'accept_events',
  parameters: `uuid[], uuid[], text[], text[], timestamptz[], text[], bytea[],
    uuid, uuid, int4, int4, uuid[], int4[], int4, uuid[], int4[], uuid[], uuid[], int4[], int4`,
  returns: 'refused json, leased json, targets json, unleased json, deliveries json',
  sql: `
  WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $17) WITH ORDINALITY
      AS i (id, environment_id, event_type, payload, created_at, idempotency_key, content_hash, delivery_id, number)
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
    SELECT * FROM unnest($12, $13) AS r (webhook_id, room)
  ),
  environment_room AS (
    SELECT * FROM unnest($18, $19) AS e (environment_id, room)
  ),
  subscriber AS MATERIALIZED (
    SELECT kind.environment_id, kind.event_type, w.id AS webhook_id,
      row_number() OVER (PARTITION BY kind.environment_id, kind.event_type) AS ordinal,
      CASE
        WHEN h.paused_until > now() OR h.in_flight_limit IS NOT NULL THEN 0
        ELSE coalesce(r.room, $11)
      END AS room,
      coalesce(e.room, $20) AS environment_room
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
      -- The time and the count of the event's id (version 7), and new random bits (delivery-ids.ts). The first comes
      -- with the event: making one here takes a tenth of the whole.
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
      AND r.place + row_number() OVER (ORDER BY NOT r.is_able, r.place, r.event_id) <= $10 + 1 AS is_leased
    FROM ranked r
  ),
  queued AS (
    INSERT INTO delivery_queue
      (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at, lease, leased_by, leased_until)
    SELECT delivery_id, environment_id, webhook_id, event_id, event_type, created_at, now(),
      CASE WHEN is_leased THEN $8 END,
      CASE WHEN is_leased THEN $9 END,
      CASE WHEN is_leased THEN now() + $14 * interval '1 millisecond' END
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
        SELECT * FROM webhook w WHERE w.id = p.webhook_id AND ${isUnknown('w', '$15', '$16')} LIMIT 1
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
   * By webhook, for each delivery: the number of its event among the parameters, from 1, and its id where that is not
   * the one that came with the event. Ids as text are what takes most of an answer's time.
   */
  leased: [webhookId: string, numbers: number[], newIds: (string | null)[]][];
  targets: Target[];
  unleased: string[];
  deliveries: Record<string, number>;
}

/**
 * Accepts the events: committed when it resolves, unless `database` is in a transaction.
 *
 * @param room what this replica can attempt at once; its reservation is the caller's to release.
 */
export async function acceptEvents(
  database: Queryable,
  events: readonly IncomingEvent[],
  room: Room,
): Promise<Acceptance> {
  const readAt = performance.now();
  const targets = room.knownTargets.fresh(readAt);
  const deliveryIds = events.map(({ id }) => deliveryIdFor(id));
  const [row] = await ACCEPT_EVENTS.run(database, [
    ...eventColumns(events),
    room.lease,
    room.replicaId,
    room.total,
    room.perWebhook,
    uuidArray([...room.webhookRooms.keys()]),
    integerArray([...room.webhookRooms.values()]),
    room.leaseMs,
    ...revisionColumns(targets),
    uuidArray(deliveryIds),
    uuidArray([...room.environmentRooms.keys()]),
    integerArray([...room.environmentRooms.values()]),
    room.perEnvironment,
  ]);
  for (const target of row!.targets) targets.set(target.webhookId, target);
  room.knownTargets.learn(row!.targets, readAt);
  const byEvent = events.map((): LeasedDelivery[] => []);
  for (const [webhookId, numbers, newIds] of row!.leased) {
    const target = targets.get(webhookId)!;
    numbers.forEach((number, index) => {
      const { id, eventType, payload, createdAt } = events[number - 1]!;
      byEvent[number - 1]!.push({
        id: newIds[index] ?? deliveryIds[number - 1]!,
        lease: room.lease,
        target,
        event: { id, type: eventType, payload, createdAt },
        failures: 0,
        isTest: false,
        isForced: false,
        readAt,
      });
    });
  }
  const { refused, unleased } = row!;
  const deliveries = new Map(Object.entries(row!.deliveries));
  return { refused: new Set(refused), leased: byEvent.flat(), unleased, deliveries };
}

/** The use that was made of an idempotency key. */
export interface KeyUse {
  eventId: string;
  contentHash: Buffer;
}

/** Looks up idempotency keys of events in a statement of its own: the loser of a race does not see the winner in its own. */
export async function findKeyUses(
  database: Queryable,
  environmentId: string,
  keys: readonly string[],
): Promise<Map<string, KeyUse>> {
  const rows = await database.query<{ key: string; resource_id: string; content_hash: Buffer }[]>(
    `SELECT key, resource_id, content_hash FROM idempotency_key
     WHERE environment_id = $1 AND operation = '${EVENT_OPERATION}' AND key = ANY ($2::text[])`,
    [environmentId, keys],
  );
  return new Map(rows.map((row) => [row.key, { eventId: row.resource_id, contentHash: row.content_hash }]));
}
