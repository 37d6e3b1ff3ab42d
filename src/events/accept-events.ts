import type { LeasedDelivery, Target } from '../deliveries/delivery.types.js';
import type { Room } from '../deliveries/engine/delivery-dispatcher.js';
import { liveSecretsOf } from '../deliveries/queue/live-secrets.js';
import type { Queryable } from '../deliveries/queue/queryable.js';

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
  /** Ids of the events that were stored; one whose idempotency key was taken already is not among them. */
  accepted: Set<string>;
  /** Deliveries of those events that are leased to this replica. */
  leased: LeasedDelivery[];
  /** The webhooks that have more of them, due for whoever has room. */
  unleased: string[];
}

/** The idempotency_key.operation of events, one at a time or in a batch. */
export const EVENT_OPERATION = 'event.create';

/**
 * Stores events and fans them out, in one statement: an event and what it owes to each matching webhook are committed
 * together or not at all. Webhooks are read here and never from a cache, so whatever was answered before the event
 * arrived is seen. A change that commits while this runs may be missed: its deliveries then carry the old revision,
 * and the replica may not start them (deliveries/engine/start-permits.ts).
 *
 * Deliveries are born leased to this replica as far as it has room, at most so many for each webhook, and none for an
 * endpoint that is down, recovering or paused: what waits for it goes first. The others are due at once for whoever has
 * room. Webhooks get their places in turn, and the last place that each gets is within what is free after it
 * (engine/in-flight.ts).
 */
const ACCEPT = `
  WITH incoming AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS i (
      id uuid, environment_id uuid, event_type text, payload text, created_at timestamptz,
      idempotency_key text, content_hash text
    )
  ),
  claimed_key AS (
    INSERT INTO idempotency_key (environment_id, operation, key, content_hash, resource_id, created_at)
    SELECT environment_id, '${EVENT_OPERATION}', idempotency_key, decode(content_hash, 'hex'), id, now()
    FROM incoming
    WHERE idempotency_key IS NOT NULL
    ORDER BY environment_id, idempotency_key, id
    ON CONFLICT DO NOTHING
    RETURNING resource_id
  ),
  accepted AS (
    INSERT INTO event (id, environment_id, event_type, payload, created_at)
    SELECT id, environment_id, event_type, payload, created_at FROM incoming i
    WHERE i.idempotency_key IS NULL OR EXISTS (SELECT 1 FROM claimed_key k WHERE k.resource_id = i.id)
    RETURNING id, environment_id, event_type, created_at
  ),
  room AS (
    SELECT webhook_id, room FROM unnest($6::uuid[], $7::int[]) AS r (webhook_id, room)
  ),
  matched AS (
    SELECT uuid_v7(a.created_at) AS delivery_id, a.id AS event_id, a.environment_id, a.event_type, a.created_at,
      w.id AS webhook_id,
      CASE
        WHEN h.paused_until > now() OR h.in_flight_limit IS NOT NULL THEN 0
        ELSE coalesce(r.room, $5::int)
      END AS room,
      row_number() OVER (PARTITION BY w.id ORDER BY a.id) AS place
    FROM accepted a
    JOIN webhook w ON w.environment_id = a.environment_id AND w.is_active
      AND (w.event_types IS NULL OR a.event_type = ANY (w.event_types))
    LEFT JOIN webhook_health h ON h.webhook_id = w.id
    LEFT JOIN room r ON r.webhook_id = w.id
  ),
  placed AS MATERIALIZED (
    SELECT m.*, m.place <= m.room
      AND m.place + row_number() OVER (ORDER BY m.place > m.room, m.place, m.event_id) <= $4::int + 1 AS is_leased
    FROM matched m
  ),
  logged AS (
    INSERT INTO delivery (id, environment_id, event_id, webhook_id, event_type, status, created_at)
    SELECT delivery_id, environment_id, event_id, webhook_id, event_type, 'pending', created_at FROM placed
  ),
  queued AS (
    INSERT INTO delivery_queue (delivery_id, webhook_id, event_id, due_at, lease, leased_by, leased_until)
    SELECT delivery_id, webhook_id, event_id, now(),
      CASE WHEN is_leased THEN $2::uuid END,
      CASE WHEN is_leased THEN $3::uuid END,
      CASE WHEN is_leased THEN now() + $8::int * interval '1 millisecond' END
    FROM placed
  )
  SELECT
    (SELECT coalesce(json_agg(id), '[]') FROM accepted) AS accepted,
    (SELECT coalesce(json_agg(json_build_array(delivery_id, event_id, webhook_id)), '[]') FROM placed WHERE is_leased) AS leased,
    (
      SELECT coalesce(json_agg(json_build_object('environmentId', w.environment_id, 'webhookId', w.id,
        'targetUrl', w.target_url, 'revision', w.revision, 'secrets', ${liveSecretsOf('w')})), '[]')
      FROM webhook w WHERE w.id IN (SELECT webhook_id FROM placed WHERE is_leased)
    ) AS targets,
    (SELECT coalesce(json_agg(DISTINCT webhook_id), '[]') FROM placed WHERE NOT is_leased) AS unleased`;

interface Row {
  accepted: string[];
  leased: [deliveryId: string, eventId: string, webhookId: string][];
  targets: Target[];
  unleased: string[];
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
  const [row] = await database.query<Row[]>(ACCEPT, [
    JSON.stringify(events.map(toRow)),
    room.lease,
    room.replicaId,
    room.total,
    room.perWebhook,
    [...room.webhookRooms.keys()],
    [...room.webhookRooms.values()],
    room.leaseMs,
  ]);
  const targets = new Map(row!.targets.map((target) => [target.webhookId, target]));
  const byId = new Map(events.map((event) => [event.id, event]));
  const leased = row!.leased.map(([id, eventId, webhookId]): LeasedDelivery => {
    const { eventType, payload, createdAt } = byId.get(eventId)!;
    return {
      id,
      lease: room.lease,
      target: targets.get(webhookId)!,
      event: { id: eventId, type: eventType, payload, createdAt },
      failures: 0,
      isTest: false,
      isForced: false,
      readAt,
    };
  });
  return { accepted: new Set(row!.accepted), leased, unleased: row!.unleased };
}

function toRow(event: IncomingEvent): Record<string, unknown> {
  return {
    id: event.id,
    environment_id: event.environmentId,
    event_type: event.eventType,
    payload: event.payload,
    created_at: event.createdAt,
    idempotency_key: event.idempotency?.key,
    content_hash: event.idempotency?.contentHash.toString('hex'),
  };
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
