import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ApiError, ERRORS } from '../http/errors.js';
import type { EncryptionKey } from '../config/storage-types.js';

/** A cursor is valid in its own list only. */
export interface ListPlace {
  list: string;
  /** Null: all environments. */
  environmentId: string | null;
  /** From the path, or the one webhook of a token; absent or null: none. */
  parentId?: string | null;
  filters: object;
}

const KEY_LABEL = 'tidings list cursors v1';
const ID_BYTES = 16;
/** 96 bits: a guess that is right takes 2^95 requests. */
const TAG_BYTES = 12;
const UUID_V7 = /^(.{8})(.{4})(7.{3})([89ab].{3})(.{12})$/;

/**
 * Makes and reads `next_cursor`: the last id of a page, and a code (HMAC-SHA256) over that id and its place. Its 38
 * characters need no escaping in a query. The first of ENCRYPTION_KEYS makes cursors, and all are tried on reading, so
 * a list can be continued after a rotation.
 */
export class ListCursors {
  private readonly keys: readonly Buffer[];

  constructor(keyring: readonly EncryptionKey[]) {
    if (keyring.length === 0) throw new Error('The keyring is empty: ENCRYPTION_KEYS needs at least one key.');
    this.keys = keyring.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', KEY_LABEL, 32)));
  }

  /** @param lastId the id (UUIDv7) after which the next page begins. */
  make(place: ListPlace, lastId: string): string {
    const id = Buffer.from(lastId.replaceAll('-', ''), 'hex');
    return Buffer.concat([id, tagOf(this.keys[0]!, place, id)]).toString('base64url');
  }

  /** @throws ApiError INVALID_CURSOR for any text that `make` does not give for this place. */
  read(place: ListPlace, cursor: string): string {
    const bytes = Buffer.from(cursor, 'base64url');
    const id = bytes.subarray(0, ID_BYTES);
    const hex = id.toString('hex');
    const lastId = hex.replace(UUID_V7, '$1-$2-$3-$4-$5');
    // Buffer.from skips characters that are not base64url: one cursor must have only one spelling.
    const isSound = bytes.length === ID_BYTES + TAG_BYTES && bytes.toString('base64url') === cursor && lastId !== hex;
    const isOurs = isSound && this.keys.some((key) => timingSafeEqual(tagOf(key, place, id), bytes.subarray(ID_BYTES)));
    if (!isOurs) throw new ApiError('INVALID_CURSOR', ERRORS.INVALID_CURSOR.description);
    return lastId;
  }
}

function tagOf(key: Buffer, { list, environmentId, parentId, filters }: ListPlace, id: Buffer): Buffer {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const place = JSON.stringify([list, environmentId, parentId ?? null, given]);
  return createHmac('sha256', key).update(id).update(place).digest().subarray(0, TAG_BYTES);
}
