import type { Result } from './result.js';
import type { SeriesPoint } from './series.js';

const BYTES_PER_MB = 1e6;

/** Each in a block of Mermaid, as GitHub draws it: one for each figure, because a chart has one axis. */
export function seriesChartsOf(results: readonly Result[]): string[] {
  return results.flatMap(({ scenario, engine, series }) => {
    if (series === undefined || series.length === 0) return [];
    const subject = `${scenario}, ${engine}`;
    return [
      ...chartOf(`${subject}: receipt p99`, 'ms', series, ({ receiptP99Ms }) => receiptP99Ms),
      ...chartOf(
        `${subject}: delivery_queue with indexes`,
        'MB',
        series,
        ({ queueBytes }) => queueBytes / BYTES_PER_MB,
      ),
    ];
  });
}

function chartOf(
  title: string,
  unit: string,
  series: readonly SeriesPoint[],
  figure: (point: SeriesPoint) => number,
): string[] {
  const values = series.map(figure);
  const minutes = (point: SeriesPoint): string => (point.atSeconds / 60).toFixed(1);
  return [
    '```mermaid',
    'xychart-beta',
    `  title "${title}"`,
    `  x-axis "minutes" ${minutes(series[0]!)} --> ${minutes(series.at(-1)!)}`,
    // From 0: a cut-off axis makes waves of what is flat.
    `  y-axis "${unit}" 0 --> ${Math.ceil(Math.max(...values, 1))}`,
    `  line [${values.map((value) => value.toFixed(1)).join(', ')}]`,
    '```',
    '',
  ];
}
