import { Injectable } from '@nestjs/common';
import { type ListPart, type PageDto, type PageQuery, SCAN_LIMIT } from './page.js';
import { Config } from '../config/config.js';
import { ListCursors, type ListPlace } from './list-cursors.js';
import { ReadTurns, type Reader } from './read-turns.js';

/**
 * In one step. 1,000 at once blocked the event loop for 15 ms while the driver built them, and the embedded engine's
 * session for as long.
 */
const ROWS_PER_STEP = 250;

/** The least that a page counts for: a request costs about as much as this many rows. */
const MIN_ROWS = 100;

export interface PartQuery {
  /** The part begins after this id; null: at the newest. */
  before: string | null;
  limit: number;
  /** How many rows to check when no index serves a filter: more than `limit`. */
  scanLimit: number;
}

export type ListOrigin = Omit<ListPlace, 'filters'>;

/** Reads the pages of all lists, in steps that take turns with other reads. */
@Injectable()
export class PageReader {
  private readonly cursors: ListCursors;

  constructor(
    private readonly turns: ReadTurns,
    { encryptionKeys }: Config,
  ) {
    this.cursors = new ListCursors(encryptionKeys ?? []);
  }

  /**
   * @param readPart reads the rows of one step, in the form of the API.
   * @throws ApiError INVALID_CURSOR, RATE_LIMITED
   */
  async read<Item>(
    origin: ListOrigin,
    query: PageQuery,
    reader: Reader,
    readPart: (part: PartQuery) => Promise<ListPart<Item>>,
  ): Promise<PageDto<Item>> {
    const { limit, next_cursor: cursor, ...filters } = query;
    const place = { ...origin, filters };
    const start = cursor ? this.cursors.read(place, cursor) : null;
    const { rows, next } = await this.turns.run(reader, Math.max(limit, MIN_ROWS), (step) =>
      readInParts(limit, start, (part) => step(() => readPart(part))),
    );
    return { result: rows, next_cursor: next === null ? null : this.cursors.make(place, next), limit };
  }
}

/** Each part checks its share of SCAN_LIMIT, so that all together check no more than that. */
async function readInParts<Item>(
  limit: number,
  start: string | null,
  readPart: (part: PartQuery) => Promise<ListPart<Item>>,
): Promise<ListPart<Item>> {
  const parts = Math.ceil(limit / ROWS_PER_STEP);
  const scanLimit = Math.floor(SCAN_LIMIT / parts);
  const rows: Item[] = [];
  let before = start;
  for (let count = 0; count < parts; count++) {
    const part = await readPart({ before, limit: Math.min(ROWS_PER_STEP, limit - rows.length), scanLimit });
    rows.push(...part.rows);
    before = part.next;
    if (before === null || rows.length === limit) break;
  }
  return { rows, next: before };
}
