import type { ListQuery } from './page.js';
import { uuidV7Floor } from '../common/uuid-v7.js';

const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** The key of a list serves these filters, because an id contains its time. */
export interface IdFilter {
  createdAfter: Date | null;
  createdBefore: Date | null;
  /** Null: any. */
  ids: readonly string[] | null;
}

export interface LogRange extends Omit<IdFilter, 'ids'> {
  before: string | null;
}

/** Instants have whole milliseconds. */
export function idFilterOf(query: ListQuery & { created_after?: Date; created_before?: Date }): IdFilter {
  const after = [query.created_after, query['created_at[gt]'], moved(query['created_at[gte]'], -1)];
  const before = [query.created_before, query['created_at[lt]'], moved(query['created_at[lte]'], 1)];
  return {
    createdAfter: after.filter(isGiven).reduce<Date | null>((a, b) => (a && a > b ? a : b), null),
    createdBefore: before.filter(isGiven).reduce<Date | null>((a, b) => (a && a < b ? a : b), null),
    ids: query['id[in]'] ?? null,
  };
}

export function narrowed(filter: IdFilter, onlyId: string | null): IdFilter {
  if (onlyId === null) return filter;
  return { ...filter, ids: (filter.ids ?? [onlyId]).filter((id) => id === onlyId) };
}

export function idsInRange(ids: readonly string[], range: LogRange): string[] {
  const [from, below] = idRangeOf(range);
  return ids.filter((id) => id >= from && id < below);
}

function moved(instant: Date | undefined, ms: number): Date | undefined {
  return instant && new Date(instant.getTime() + ms);
}

/**
 * The ids (version 7) from the first one, and below the second; none if the second is not above the first.
 *
 * @param within another range that limits them.
 */
export function idRangeOf(
  { createdAfter, createdBefore, before }: LogRange,
  within: readonly [from: string, below: string] | null = null,
): [from: string, below: string] {
  const from = [FIRST, createdAfter && uuidV7Floor(createdAfter.getTime() + 1), within?.[0]];
  const below = [LAST, createdBefore && uuidV7Floor(createdBefore.getTime()), before, within?.[1]];
  return [from.filter(isGiven).sort().at(-1)!, below.filter(isGiven).sort()[0]!];
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
