import type { Result } from '../../bench/report/result.js';
import { seriesChartsOf } from '../../bench/report/series-charts.js';
import type { SeriesPoint } from '../../bench/report/series.js';

const point = (atSeconds: number, receiptP99Ms: number, queueBytes: number): SeriesPoint => ({
  atSeconds,
  receiptP50Ms: 1,
  receiptP99Ms,
  queueBytes,
  deadRows: {},
  residentMb: null,
});
const resultOf = (series: SeriesPoint[]): Result =>
  ({ scenario: 'endurance', engine: 'server', series }) as unknown as Result;

describe('the charts of a series', () => {
  it('draw the latency and the queue over the minutes, each from 0', () => {
    const charts = seriesChartsOf([resultOf([point(60, 12.34, 2_000_000), point(120, 50, 2_500_000)])]);
    expect(charts).toEqual([
      '```mermaid',
      'xychart-beta',
      '  title "endurance, server: receipt p99"',
      '  x-axis "minutes" 1.0 --> 2.0',
      '  y-axis "ms" 0 --> 50',
      '  line [12.3, 50.0]',
      '```',
      '',
      '```mermaid',
      'xychart-beta',
      '  title "endurance, server: delivery_queue with indexes"',
      '  x-axis "minutes" 1.0 --> 2.0',
      '  y-axis "MB" 0 --> 3',
      '  line [2.0, 2.5]',
      '```',
      '',
    ]);
  });

  it('are absent where nothing has a course', () => {
    expect(seriesChartsOf([{ scenario: '1', engine: 'server' } as unknown as Result, resultOf([])])).toEqual([]);
  });
});
