import fc from 'fast-check';
import { ApiError } from '../../src/common/errors.js';
import { decodeCursor, encodeCursor, PageQuery, startAfter, toPage, toScannedPage } from '../../src/common/page.js';
import { uuidV7 } from '../../src/common/uuid-v7.js';

const at = Date.UTC(2021, 7, 10);
const idsOf = (count: number): { id: string }[] =>
  Array.from({ length: count }, (_, index) => ({ id: uuidV7(at + index) }));

describe('a page', () => {
  it('names where the next one starts when there is a row beyond the limit', () => {
    const rows = idsOf(4);
    const page = toPage(rows, 3, ({ id }) => id);
    expect(page.result).toEqual(rows.slice(0, 3));
    expect(page.limit).toBe(3);
    expect(decodeCursor(page.next_cursor!)).toBe(rows[2]!.id);
  });

  it.each([0, 1, 3])('is the last one with %i rows of 3', (count) => {
    const rows = idsOf(count);
    expect(toPage(rows, 3, ({ id }) => id)).toEqual({ result: rows, next_cursor: null, limit: 3 });
  });

  it('starts at the beginning without a cursor and with an empty one', () => {
    const query = new PageQuery();
    expect(query.limit).toBe(100);
    expect(startAfter(query)).toBeNull();
    expect(startAfter(Object.assign(query, { next_cursor: '' }))).toBeNull();
  });

  it('starts after the id in its cursor', () => {
    const id = uuidV7(at);
    expect(startAfter(Object.assign(new PageQuery(), { next_cursor: encodeCursor(id) }))).toBe(id);
  });
});

describe('a page of what a bounded look found', () => {
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
    const rows = scanned(marks);
    const { result, next_cursor } = toScannedPage(rows, 3, ({ id }) => id);
    expect(result).toEqual(rows.slice(0, count).map(({ id }) => ({ id })));
    expect(next_cursor && decodeCursor(next_cursor)).toBe(lastSeen === null ? null : rows[lastSeen]!.id);
  });
});

describe('a cursor', () => {
  it('gives back the id that it was made of, and needs no escaping in a URL', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (instant) => {
        const id = uuidV7(instant);
        const cursor = encodeCursor(id);
        expect(cursor).toMatch(/^[\w-]{22}$/);
        expect(decodeCursor(cursor)).toBe(id);
      }),
    );
  });

  it.each([
    'x',
    '!',
    uuidV7(at),
    `${encodeCursor(uuidV7(at))}=`,
    ` ${encodeCursor(uuidV7(at))}`,
    encodeCursor(uuidV7(at)).slice(1),
    'A'.repeat(22),
    encodeCursor('4a4de828-f4db-4c9e-adfd-434e0864c3c7'),
    '\0',
  ])('is refused when no list made it: %j', (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(ApiError);
    expect(() => decodeCursor(cursor)).toThrow(expect.objectContaining({ code: 'INVALID_CURSOR' }));
  });

  it('is refused or is canonical, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
        try {
          expect(encodeCursor(decodeCursor(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_CURSOR' });
        }
      }),
    );
  });
});
