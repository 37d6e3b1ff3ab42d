import { aligned } from './aligned.js';
import type { Cost, Goal } from './cost.js';
import type { Result } from './result.js';

const NOTHING = '–';
const DIGITS: Readonly<Record<Cost['unit'], number>> = { ms: 1, '/s': 0, B: 1, GB: 3 };

interface Row {
  name: string;
  costs: (Cost | undefined)[];
  /** Largest to smallest size; null: it was not measured at both. */
  ratio: number | null;
  goal: Goal | null;
}

/** One cost in each line, the sizes beside one another. Empty if no result has costs. */
export function costTableOf(results: readonly Result[]): string[] {
  const steps = results.filter((result) => result.costs !== undefined);
  if (steps.length === 0) return [];
  const rows = rowsOf(steps);
  return [
    'p50 / p95 where many were measured; the ratio is that of the 95th percentiles. **Bold**: misses its goal.',
    '',
    ...aligned([
      ['cost', 'goal', ...steps.map(({ label }) => label), 'largest to smallest'],
      ...rows.map((row) => [row.name, goalCell(row), ...row.costs.map((cost) => costCell(cost)), ratioCell(row)]),
    ]),
    '',
  ];
}

function rowsOf(steps: readonly Result[]): Row[] {
  const names = new Set(steps.flatMap(({ costs = [] }) => costs.map(({ name }) => name)));
  return [...names].map((name) => {
    const costs = steps.map((step) => step.costs!.find((cost) => cost.name === name));
    const [first, last] = [costs[0], costs.at(-1)];
    return {
      name,
      costs,
      ratio: first && last && costs.length > 1 ? last.value / first.value : null,
      goal: costs.find((cost) => cost !== undefined)!.goal,
    };
  });
}

function costCell(cost: Cost | undefined): string {
  if (cost === undefined) return NOTHING;
  const { value, p50, unit, goal } = cost;
  const text = (number: number): string =>
    number.toLocaleString('en', { minimumFractionDigits: DIGITS[unit], maximumFractionDigits: DIGITS[unit] });
  return emphasized(
    `${p50 === null ? '' : `${text(p50)} / `}${text(value)} ${unit}`,
    goal !== null && value > goal.most,
  );
}

function ratioCell({ ratio, goal }: Row): string {
  if (ratio === null) return NOTHING;
  const misses = goal !== null && goal.ratio !== null && ratio > goal.ratio;
  return emphasized(ratio.toFixed(2), misses);
}

function goalCell({ goal, costs }: Row): string {
  if (goal === null) return NOTHING;
  const { unit } = costs.find((cost) => cost !== undefined)!;
  return [`≤ ${goal.most} ${unit}`, ...(goal.ratio === null ? [] : [`≤ ${goal.ratio} ×`])].join(', ');
}

function emphasized(text: string, isMissed: boolean): string {
  return isMissed ? `**${text}**` : text;
}
