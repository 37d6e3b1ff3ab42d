import { uuidV7 } from '../common/uuid-v7.js';

/**
 * Of an id's text, what an event's deliveries have in common with it: the time, the version and the count of a UUID
 * version 7. Their other bits are random. So they sort as their events do, and are found by a range of ids: an index on
 * the event would be the third entry that every delivery writes.
 */
const SHARED_CHARACTERS = 19;

/** A new id for a delivery of this event. */
export function deliveryIdFor(eventId: string): string {
  return eventId.slice(0, SHARED_CHARACTERS) + uuidV7().slice(SHARED_CHARACTERS);
}

/** SQL: the same, of a column that holds the event's id. */
export function deliveryIdForSql(eventId: string): string {
  return `(left(${eventId}::text, ${SHARED_CHARACTERS})
    || right(gen_random_uuid()::text, ${'00000000-0000-0000-0000-000000000000'.length - SHARED_CHARACTERS}))::uuid`;
}

/** SQL: the first id that a delivery can have of the event whose id, or a delivery's id, is this. */
export function firstDeliveryIdForSql(id: string): string {
  return `(left(${id}::text, ${SHARED_CHARACTERS}) || '0000-000000000000')::uuid`;
}

/** Between which ids, both included, the deliveries of this event are. Those of others can be there too. */
export function deliveryIdsOf(eventId: string): [first: string, last: string] {
  const shared = eventId.slice(0, SHARED_CHARACTERS);
  return [`${shared}0000-000000000000`, `${shared}ffff-ffffffffffff`];
}
