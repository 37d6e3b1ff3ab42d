import { randomFillSync } from 'node:crypto';

const BYTES_PER_ID = 10;
const POOL_BYTES = BYTES_PER_ID * 256;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let offset = POOL_BYTES;

/** The 12 bits after the version. */
const COUNTER_MASK = 0xfff;
/** A counter starts in the lower quarter, which leaves a millisecond 3,072 ids before it begins anew. */
const FIRST_COUNT_MASK = 0x3ff;

let lastAt = -1;
let timePart = '';
let counter = 0;

/**
 * A UUID version 7 (RFC 9562 §5.7) for the given instant: its first 48 bits are the Unix time in milliseconds, so
 * ids sort by time and a table partitioned by id is partitioned by day.
 *
 * Ids that this process makes in a row for one instant sort in the order in which they were made, so that a list shows
 * the events of a batch in its order: a counter stands before the random bits (§6.2, method 1). Beyond the end of the
 * counter an id sorts anywhere in its millisecond. Ids differ by their 62 random bits, whatever the counter says.
 *
 * @param at Unix time in milliseconds.
 */
export function uuidV7(at: number = Date.now()): string {
  if (offset === POOL_BYTES) {
    randomFillSync(pool);
    offset = 0;
  }
  const random = pool.toString('hex', offset + 2, offset + BYTES_PER_ID);
  if (at === lastAt) {
    counter = (counter + 1) & COUNTER_MASK;
  } else {
    const time = at.toString(16).padStart(12, '0');
    timePart = `${time.slice(0, 8)}-${time.slice(8)}`;
    lastAt = at;
    counter = pool.readUInt16BE(offset) & FIRST_COUNT_MASK;
  }
  offset += BYTES_PER_ID;
  const version = (0x7000 | counter).toString(16);
  const variant = ((parseInt(random[0]!, 16) & 0x3) | 0x8).toString(16);
  return `${timePart}-${version}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

/** The smallest UUID that a version 7 id of this instant can have: the bound for keyset and partition ranges. */
export function uuidV7Floor(at: number): string {
  const time = Math.max(0, at).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether the text is a UUID of any version, in the canonical 8-4-4-4-12 form. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** The instant in a version 7 UUID, in Unix milliseconds. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
