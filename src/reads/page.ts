import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { IsOptional, IsString } from 'class-validator';
import { ApiErrors } from '../openapi/api-errors.js';
import { Converted } from '../http/dto-shape.js';
import { QueryInstant, QueryInteger, QueryUuids } from '../openapi/query-property.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Each is looked up by itself. */
const MAX_IDS = 100;

export class PageQuery {
  @QueryInteger(1, MAX_LIMIT, { default: DEFAULT_LIMIT, description: 'How many items to answer at most.' })
  limit: number = DEFAULT_LIMIT;

  @ApiPropertyOptional({
    type: 'string',
    description:
      '`next_cursor` of the page before; absent or empty for the first page. It is opaque: only this list takes it, ' +
      'with the same filters; `limit` may differ.',
  })
  @Converted((value) => (value === '' ? undefined : value))
  @IsOptional()
  @IsString()
  next_cursor?: string;
}

/**
 * The operators of the API that published clients were made for. They are not in the OpenAPI document, as
 * many generators cannot name them; docs/api/README.md has them.
 */
export class ListQuery extends PageQuery {
  @QueryInstant()
  'created_at[gt]'?: Date;

  @QueryInstant()
  'created_at[gte]'?: Date;

  @QueryInstant()
  'created_at[lt]'?: Date;

  @QueryInstant()
  'created_at[lte]'?: Date;

  @QueryUuids(MAX_IDS)
  'id[in]'?: string[];
}

export class PageDto<Item> {
  result: Item[];
  /** Null on the last page. */
  next_cursor: string | null;
  limit: number;
}

/**
 * Documents a 200 with one page of these items, as a schema of its own: `Webhook` in `WebhookPage`.
 *
 * @param name the item's name in the document, if it differs from the class name without `Dto`.
 */
export function ApiPage<Item>(item: Type<Item>, name = item.name.replace(/Dto$/, '')): MethodDecorator {
  return applyDecorators(
    ApiOkResponse({
      type: pageOf(item, `${name}Page`),
      description: 'One page, newest first. What is added meanwhile neither moves nor repeats what is on later pages.',
    }),
    ApiErrors('INVALID_CURSOR'),
  );
}

const pageClasses = new Map<Type<unknown>, Type<unknown>>();

function pageOf<Item>(item: Type<Item>, name: string): Type<unknown> {
  const known = pageClasses.get(item);
  if (known) return known;

  @ApiSchema({ name })
  class Page {
    @ApiProperty({ type: [item], description: 'What is on this page, newest first.' })
    result: Item[];

    @ApiProperty({
      type: 'string',
      nullable: true,
      description: 'Where the next page starts: the `next_cursor` to ask for; null on the last one.',
      // As on the last page: most lists have only that one.
      example: null,
    })
    next_cursor: string | null;

    @ApiProperty({ type: 'integer', example: DEFAULT_LIMIT, description: 'The limit that was applied.' })
    limit: number;
  }
  // The document is keyed by class name before `ApiSchema` renames it, so two classes must not share one.
  Object.defineProperty(Page, 'name', { value: name });
  pageClasses.set(item, Page);
  return Page;
}

/** Newest first. `next` is the id after which the rest begins; null: there is no more. */
export interface ListPart<Row> {
  rows: Row[];
  next: string | null;
}

/** `found` was read with `LIMIT limit + 1`: the extra row shows that there is more. */
export function toPart<Row>(found: readonly Row[], limit: number, idOf: (row: Row) => string): ListPart<Row> {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const hasMore = found.length > limit && last !== undefined;
  return { rows, next: hasMore ? idOf(last) : null };
}

/**
 * The most rows that are checked for one page when no index serves a filter: one with few matches would read a whole
 * log. It is more than the largest page.
 */
export const SCAN_LIMIT = 2_000;

export const SHORT_PAGES =
  `One request looks at ${SCAN_LIMIT.toLocaleString('en')} of them at most, so with a filter that matches little a page ` +
  'may be short, or empty, and still have a `next_cursor`: go on until it is null.';

export interface Scanned {
  /** Other rows only show where the scan ended. */
  is_wanted: boolean;
  /** The scan of one of the list's tables ended with this row: there may be more after it. */
  is_scan_end: boolean;
}

/**
 * `found` was read with `LIMIT limit + 1`. Stops at the first end of a scan: after that, rows of one table may be
 * missing between those of another.
 */
export function toScannedPart<Row extends Scanned>(
  found: readonly Row[],
  limit: number,
  idOf: (row: Omit<Row, keyof Scanned>) => string,
): ListPart<Omit<Row, keyof Scanned>> {
  const end = found.findIndex(({ is_scan_end: isScanEnd }) => isScanEnd);
  const seen = end < 0 ? found : found.slice(0, end + 1);
  const rows = seen
    .filter(({ is_wanted: isWanted }) => isWanted)
    .map((row) => {
      const { is_wanted: _, is_scan_end: __, ...rest } = row;
      return rest;
    });
  if (end < 0 || rows.length > limit) return toPart(rows, limit, idOf);
  return { rows, next: idOf(found[end]!) };
}

export function mapPart<Row, Item>({ rows, next }: ListPart<Row>, toItem: (row: Row) => Item): ListPart<Item> {
  return { rows: rows.map((row) => toItem(row)), next };
}
