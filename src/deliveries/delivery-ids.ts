import { uuidV7 } from '../common/uuid-v7.js';

/**
 * A delivery's id begins like its event's: with the time, the version and the count of a UUID version 7. The rest is
 * random. So a range of ids finds the deliveries of an event, and no index on the event is needed, which would be the
 * third entry for each delivery.
 */
const SHARED_CHARACTERS = 19;

export function deliveryIdFor(eventId: string): string {
  return eventId.slice(0, SHARED_CHARACTERS) + uuidV7().slice(SHARED_CHARACTERS);
}

/** SQL: the same, from a column with the event's id. */
export function deliveryIdForSql(eventId: string): string {
  return `(left(${eventId}::text, ${SHARED_CHARACTERS})
    || right(gen_random_uuid()::text, ${'00000000-0000-0000-0000-000000000000'.length - SHARED_CHARACTERS}))::uuid`;
}

/** SQL: the first id that a delivery can have, of the event with this id or with a delivery of this id. */
export function firstDeliveryIdForSql(id: string): string {
  return `(left(${id}::text, ${SHARED_CHARACTERS}) || '0000-000000000000')::uuid`;
}

/** The first and last id that deliveries of this event can have. Those of other events can lie between. */
export function deliveryIdsOf(eventId: string): [first: string, last: string] {
  const shared = eventId.slice(0, SHARED_CHARACTERS);
  return [`${shared}0000-000000000000`, `${shared}ffff-ffffffffffff`];
}
