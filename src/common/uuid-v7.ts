import { randomFillSync } from 'node:crypto';

const BYTES_PER_ID = 10;
const POOL_BYTES = BYTES_PER_ID * 256;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let offset = POOL_BYTES;

const COUNTER_MASK = 0xfff;
/** A counter starts in the lower quarter, which leaves a millisecond at least 3,072 ids before it begins anew. */
const FIRST_COUNT_MASK = 0x3ff;

let lastAt = -1;
let timePart = '';
let counter = 0;

/**
 * A UUID version 7 (RFC 9562 §5.7): its first 48 bits are the Unix time in milliseconds, so ids sort by time, and a
 * table partitioned by id is partitioned by day. A counter (§6.2, method 1) keeps the ids of one instant in order, so
 * that a list shows a batch in its order. When it overflows, ids sort anywhere in their millisecond. 62 random bits
 * make them differ.
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

/** The smallest version 7 id of this instant: the bound for keyset and partition ranges. */
export function uuidV7Floor(at: number): string {
  const time = Math.max(0, at).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Of any version, in the canonical 8-4-4-4-12 form. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && UUID.test(text);
}

/** In Unix milliseconds, from a version 7 UUID. */
export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
