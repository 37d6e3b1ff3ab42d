import type { MetricSnapshot } from '../common/metric-snapshot.js';

/**
 * Adds the counters and histograms of a worker that ended to those of all that ended before. Without them the sums would
 * shrink, which looks like a restart of the whole: Prometheus would count everything since the start once more.
 */
export function addCounts(departed: readonly MetricSnapshot[], last: readonly MetricSnapshot[]): MetricSnapshot[] {
  const sums = new Map<string, MetricSnapshot>();
  for (const metric of [...departed, ...last]) {
    if (metric.type !== 'counter' && metric.type !== 'histogram') continue;
    const sum = sums.get(metric.name);
    sums.set(metric.name, sum ? { ...sum, values: addValues(sum.values, metric.values) } : metric);
  }
  return [...sums.values()];
}

function addValues(some: MetricSnapshot['values'], others: MetricSnapshot['values']): MetricSnapshot['values'] {
  const sums = new Map<string, MetricSnapshot['values'][number]>();
  for (const each of [...some, ...others]) {
    const labels = Object.entries(each.labels).sort(([one], [other]) => (one < other ? -1 : 1));
    const key = JSON.stringify([each.metricName, labels]);
    sums.set(key, { ...each, value: (sums.get(key)?.value ?? 0) + each.value });
  }
  return [...sums.values()];
}
