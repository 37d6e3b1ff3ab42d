import { costTableOf } from '../../bench/report/cost-table.js';
import type { Cost } from '../../bench/report/cost.js';
import type { Result } from '../../bench/report/result.js';

type Priced = Partial<Cost> & Pick<Cost, 'value'>;

const step = (label: string, costs: Priced[]): Result =>
  ({
    label,
    costs: costs.map((cost) => ({ name: 'page', unit: 'ms', p50: 1, goal: null, ...cost })),
  }) as unknown as Result;

const goal = { most: 20, ratio: 2 };
/** The cells of the first cost. */
const cellsOf = (...steps: Result[]): string[] =>
  costTableOf(steps)[4]!
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

describe('the table of what things cost at each size', () => {
  it('tells the goal, the cost at each size and the ratio', () => {
    expect(cellsOf(step('10', [{ value: 8, goal }]), step('1,000', [{ value: 12, goal }]))).toEqual([
      'page',
      '≤ 20 ms, ≤ 2 ×',
      '1.0 / 8.0 ms',
      '1.0 / 12.0 ms',
      '1.50',
    ]);
  });

  it('marks what misses its goal', () => {
    const cells = cellsOf(step('10', [{ value: 8, goal }]), step('1,000', [{ value: 20.1, goal }]));
    expect(cells.slice(2)).toEqual(['1.0 / 8.0 ms', '**1.0 / 20.1 ms**', '**2.51**']);
  });

  it('does not compare what was measured at one size alone', () => {
    const cells = cellsOf(step('10', []), step('1,000', [{ value: 3, p50: null, unit: 'B' }]));
    expect(cells).toEqual(['page', '–', '–', '3.0 B', '–']);
  });

  it('is absent where nothing is compared', () => {
    expect(costTableOf([{ label: 'intake' } as unknown as Result])).toEqual([]);
  });
});
