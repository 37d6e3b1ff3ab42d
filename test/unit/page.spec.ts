import { toPart, toScannedPart } from '../../src/reads/page.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';

const at = Date.UTC(2021, 7, 10);
const idsOf = (count: number): { id: string }[] =>
  Array.from({ length: count }, (_, index) => ({ id: uuidV7(at + index) }));

describe('a part of a list', () => {
  it('names where the rest begins when there is a row beyond the limit', () => {
    const rows = idsOf(4);
    expect(toPart(rows, 3, ({ id }) => id)).toEqual({ rows: rows.slice(0, 3), next: rows[2]!.id });
  });

  it.each([0, 1, 3])('is the last one with %i rows of 3', (count) => {
    const rows = idsOf(count);
    expect(toPart(rows, 3, ({ id }) => id)).toEqual({ rows, next: null });
  });
});

describe('a part of what a bounded look found', () => {
  const scanned = (marks: string): { id: string; is_wanted: boolean; is_scan_end: boolean }[] =>
    idsOf(marks.length)
      .reverse()
      .map(({ id }, index) => ({
        id,
        is_wanted: 'wW'.includes(marks[index]!),
        is_scan_end: 'WE'.includes(marks[index]!),
      }));

  // w: wanted, E: the look ended here, W: both.
  it.each([
    ['', 0, null],
    ['www', 3, null],
    ['wwww', 3, 2],
    ['wE', 1, 1],
    ['E', 0, 0],
    ['wW', 2, 1],
    ['wEwW', 1, 1],
    ['wwwE', 3, 3],
    ['wwwW', 3, 2],
  ])('of %s has %i of 3 rows and goes on after row %s', (marks, count, lastSeen) => {
    const found = scanned(marks);
    expect(toScannedPart(found, 3, ({ id }) => id)).toEqual({
      rows: found.slice(0, count).map(({ id }) => ({ id })),
      next: lastSeen === null ? null : found[lastSeen]!.id,
    });
  });
});
