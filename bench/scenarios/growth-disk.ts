import type { TableSize } from '../measures/table-sizes.js';
import type { Cost } from '../report/cost.js';
import type { GrowthPlan } from './growth-plan.js';

/** 100 a second over 30 days. */
const DELIVERIES_OF_A_MONTH = 100 * 86_400 * 30;
const GB = 1e9;

/** The disk space of the logs for each delivery. A waiting delivery has only its event there. */
export function diskCosts(sizes: ReadonlyMap<string, TableSize>, { ended, waiting }: GrowthPlan): Cost[] {
  const rowsOf = { event: ended.count + waiting.count, delivery: ended.count, attempt: ended.count };
  const costs: Cost[] = [];
  let perDelivery = 0;
  for (const [table, rows] of Object.entries(rowsOf)) {
    const size = sizes.get(table)!;
    for (const part of ['rows', 'toast', 'indexes'] as const) {
      const bytes = size[part] / rows;
      perDelivery += bytes;
      costs.push(costOf(`disk, ${table}: ${part}, per delivery`, 'B', bytes));
    }
  }
  const stats = sizes.get('stats_bucket')!;
  const statsBytes = stats.rows + stats.toast + stats.indexes;
  return [
    ...costs,
    costOf('disk, together per delivery', 'B', perDelivery),
    costOf('disk, a million deliveries', 'GB', (perDelivery * 1e6) / GB),
    costOf('disk, statistics, however many', 'GB', statsBytes / GB),
    costOf('disk, a month at 100 deliveries/s', 'GB', (perDelivery * DELIVERIES_OF_A_MONTH + statsBytes) / GB),
  ];
}

function costOf(name: string, unit: Cost['unit'], value: number): Cost {
  return { name, unit, value, p50: null, goal: null };
}
