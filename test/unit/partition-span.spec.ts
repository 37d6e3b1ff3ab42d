import { DAY_MS, dayOf, PARTITIONED_TABLES, partitionOf } from '../../src/database/partitions/day-partition.js';
import { partitionSpan } from '../../src/database/partitions/partition-span.js';

const NOW = Date.UTC(2026, 10, 30, 23, 59);
const TODAY = dayOf(NOW);
const days = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) =>
    PARTITIONED_TABLES.map((table) => partitionOf(table, TODAY + from + index)),
  ).flat();

describe('partitionSpan', () => {
  it.each([
    ['a week ahead and a month back', days(-30, 7), { aheadDays: 7, oldestAgeDays: 30 }],
    ['today alone', days(0, 0), { aheadDays: 0, oldestAgeDays: 0 }],
    ['nothing', [], { aheadDays: -1, oldestAgeDays: 0 }],
    ['none for today', [...days(-3, -1), ...days(1, 7)], { aheadDays: -1, oldestAgeDays: 3 }],
    ['a gap ahead', [...days(-1, 2), ...days(4, 7)], { aheadDays: 2, oldestAgeDays: 1 }],
    ['one table short tomorrow', [...days(0, 1).slice(0, -1), ...days(2, 7)], { aheadDays: 0, oldestAgeDays: 0 }],
    [
      'one table that was kept',
      [...days(-1, 7), partitionOf('delivery', TODAY - 40)],
      { aheadDays: 7, oldestAgeDays: 40 },
    ],
  ])('of %s', (_, partitions, span) => {
    expect(partitionSpan(partitions, NOW)).toEqual(span);
  });

  it('goes by the day in UTC', () => {
    expect(partitionSpan(days(0, 7), NOW + DAY_MS)).toEqual({ aheadDays: 6, oldestAgeDays: 1 });
  });
});
