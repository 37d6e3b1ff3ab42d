import { uuidV7Floor } from './uuid-v7.js';

const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Filters of a log that its key serves, because an id carries its time. */
export interface LogRange {
  createdAfter: Date | null;
  createdBefore: Date | null;
  /** The id that the page before ended with. */
  before: string | null;
}

/**
 * The ids that the filters leave, of version 7: from the first on, and below the second. There are none when that is not
 * above the first.
 *
 * @param within what else bounds them, likewise.
 */
export function idRangeOf(
  { createdAfter, createdBefore, before }: LogRange,
  within: readonly [from: string, below: string] | null = null,
): [from: string, below: string] {
  const from = [FIRST, createdAfter && uuidV7Floor(createdAfter.getTime() + 1), within?.[0]];
  const below = [LAST, createdBefore && uuidV7Floor(createdBefore.getTime()), before, within?.[1]];
  return [from.filter(isGiven).sort().at(-1)!, below.filter(isGiven).sort()[0]!];
}

function isGiven(id: string | null | undefined): id is string {
  return id !== null && id !== undefined;
}
