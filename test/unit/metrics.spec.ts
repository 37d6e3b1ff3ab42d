import { ATTEMPT_ERRORS } from '../../src/common/outcomes.js';
import { failureReasonOf } from '../../src/deliveries/delivery-metrics.js';
import { FAILURE_REASONS, type Metric, METRICS, seriesOf } from '../../src/metrics/metric-table.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';

const table = Object.values<Metric>(METRICS);

describe('the table of metrics', () => {
  it('names each metric once, for Tidings, with the unit of what it measures', () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
    for (const { name, type } of table) {
      expect(name).toMatch(/^tidings(_[a-z]+)+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
  });

  it('gives every histogram, and nothing else, buckets that rise', () => {
    for (const { type, buckets } of table) {
      expect(buckets !== undefined).toBe(type === 'histogram');
      expect(buckets).toEqual(buckets?.toSorted((a, b) => a - b));
    }
  });

  it('leaves only versions and route patterns to the running program', () => {
    const open = table.flatMap(({ labels = {} }) =>
      Object.entries(labels).flatMap(([label, values]) => (typeof values === 'string' ? [label] : [])),
    );
    expect(open).toEqual(['version', 'route']);
  });

  it('knows the series of a metric', () => {
    expect(
      seriesOf({ type: 'gauge', name: 'x', help: '', aggregator: 'sum', labels: { a: ['1', '2'], b: ['3'] } }),
    ).toEqual([
      { a: '1', b: '3' },
      { a: '2', b: '3' },
    ]);
    expect(
      seriesOf({ type: 'gauge', name: 'x', help: '', aggregator: 'sum', labels: { a: ['1'], b: 'any' } }),
    ).toBeNull();
  });
});

describe('the metrics', () => {
  it('begin at zero in every series that is known, gauges that nobody reads excepted', async () => {
    const families = parsePrometheusText(await new Metrics().render());
    expect([...families.keys()]).toEqual(table.map(({ name }) => name));
    for (const metric of table) {
      const { samples } = families.get(metric.name)!;
      const known = seriesOf(metric) ?? [];
      const perSeries = metric.type === 'histogram' ? metric.buckets!.length + 3 : 1;
      if (metric.type !== 'gauge') {
        expect(samples).toHaveLength(known.length * perSeries);
        expect(samples.every(({ value }) => value === 0)).toBe(true);
      } else if (metric.name !== 'tidings_build_info') expect(samples).toEqual([]);
    }
  });

  it('refuse a label that the table does not have', () => {
    const metrics = new Metrics();
    expect(() => metrics.histogram('attemptDuration', { result: 'x' } as never)).toThrow('result');
  });

  it('leave a gauge out of a scrape while it cannot be read', async () => {
    const metrics = new Metrics();
    let value: number | null = 3;
    metrics.gauge('queueOldestDue', {}, () => value);
    metrics.gauge('endpoints', { state: 'down' }, () => value);
    const scrape = async () => valuesOf(parsePrometheusText(await metrics.render()));
    expect(await scrape()).toMatchObject({
      tidings_queue_oldest_due_seconds: 3,
      'tidings_endpoints{state="down"}': 3,
    });
    value = null;
    const names = Object.keys(await scrape());
    expect(names.filter((name) => /oldest_due|endpoints/.test(name))).toEqual([]);
  });
});

describe('the reason of a failed attempt', () => {
  const answered = (status: number) => ({
    error: null,
    response: { status, headers: {}, body: '', bodyTruncated: false },
  });

  it.each([
    [301, 'status_3xx'],
    [404, 'status_4xx'],
    [410, 'status_4xx'],
    [503, 'status_5xx'],
    [600, 'status_other'],
    [999, 'status_other'],
  ])('of an answer %i is %s', (status, reason) => {
    expect(failureReasonOf(answered(status))).toBe(reason);
  });

  it.each(ATTEMPT_ERRORS)('is the error where there is no answer: %s', (error) => {
    expect(failureReasonOf({ error, response: null })).toBe(error);
    expect(FAILURE_REASONS).toContain(error);
  });
});
