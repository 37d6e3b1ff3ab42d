import { idRangeOf } from '../../src/reads/id-range.js';
import { uuidV7, uuidV7Floor } from '../../src/common/uuid-v7.js';

const NONE = { createdAfter: null, createdBefore: null, before: null };
const at = (ms: number): Date => new Date(Date.UTC(2026, 0, 1) + ms);
const idAt = (ms: number): string => uuidV7(at(ms).getTime());

describe('the range of ids that filters leave', () => {
  const has = ([from, below]: [string, string], id: string): boolean => id >= from && id < below;

  it('has every id without filters', () => {
    for (const id of [uuidV7(0), idAt(0), uuidV7(2 ** 48 - 1)]) expect(has(idRangeOf(NONE), id)).toBe(true);
  });

  it('has what was made after one instant and before another, and not at either', () => {
    const range = idRangeOf({ ...NONE, createdAfter: at(0), createdBefore: at(2) });
    expect([0, 1, 2].map((ms) => has(range, idAt(ms)))).toEqual([false, true, false]);
  });

  it('ends before the page before, and within what else bounds it', () => {
    const [older, last] = [idAt(1), idAt(3)];
    expect(has(idRangeOf({ ...NONE, before: last }), last)).toBe(false);
    expect(has(idRangeOf({ ...NONE, before: last }), older)).toBe(true);
    const within: [string, string] = [uuidV7Floor(at(2).getTime()), uuidV7Floor(at(3).getTime())];
    expect(idRangeOf({ ...NONE, createdAfter: at(0), before: idAt(4) }, within)).toEqual(within);
  });

  it('has none where the filters exclude each other', () => {
    const [from, below] = idRangeOf({ ...NONE, createdAfter: at(5), createdBefore: at(2) });
    expect(from > below).toBe(true);
  });
});
