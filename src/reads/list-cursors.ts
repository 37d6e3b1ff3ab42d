import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { ApiError, ERRORS } from '../http/errors.js';
import type { EncryptionKey } from '../config/storage-types.js';

/** The list that a cursor belongs to: it is valid in this list only. */
export interface ListPlace {
  list: string;
  /** The environment of its rows; null: all environments. */
  environmentId: string | null;
  /** The parent of its rows, if it is in the path, or is the one webhook of a token; absent or null: none. */
  parentId?: string | null;
  /** The list's parsed filters; those that are undefined are not given. */
  filters: object;
}

const KEY_LABEL = 'tidings list cursors v1';
const ID_BYTES = 16;
/** 96 bits: a guess that is right takes 2^95 requests. */
const TAG_BYTES = 12;
const UUID_V7 = /^(.{8})(.{4})(7.{3})([89ab].{3})(.{12})$/;

/**
 * Makes and reads `next_cursor`: the last id of a page, and a code (HMAC-SHA256) over that id and the place where it is
 * valid. It has 38 characters that need no escaping in a query string.
 *
 * The key is derived from ENCRYPTION_KEYS, which all replicas share. The first key makes cursors, and all keys are
 * tried on reading. So a page that was opened before a rotation can be continued after it.
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

  /**
   * The id in the cursor.
   *
   * @throws ApiError INVALID_CURSOR for any text that `make` does not give for this place.
   */
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
