import { Injectable } from '@nestjs/common';
import { type ListPart, type PageDto, type PageQuery, SCAN_LIMIT } from '../common/page.js';
import { Config } from '../config/config.js';
import { ListCursors, type ListPlace } from './list-cursors.js';
import { ReadTurns, type Reader } from './read-turns.js';

/**
 * Rows that one step reads. 1,000 at once kept the event loop for 15 ms, which is what the driver needs to make rows of
 * them, and the embedded engine's session for as long.
 */
const ROWS_PER_STEP = 250;

/** What a short page counts for: asking for it costs about as much as so many rows. */
const MIN_ROWS = 100;

/** What one step of a page reads. */
export interface PartQuery {
  /** The id behind which it begins; null: the newest. */
  before: string | null;
  limit: number;
  /** How many rows to look at where no index serves a filter: more than `limit`. */
  scanLimit: number;
}

/** Where a page is read from, beside its query. */
export type ListOrigin = Omit<ListPlace, 'filters'>;

/** Reads the pages of all lists: in steps that take turns with other reads, from one cursor to the next. */
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
   * @param readPart reads what one step is asked for, as the API shows it.
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

/** Each part looks at its share of SCAN_LIMIT, so that all of them together look at no more. */
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
