import { setTimeout as delay } from 'node:timers/promises';
import { type Context, onFreshSite, type Site } from '../context.js';
import { monotonicMs } from '../measures/clock.js';
import { deadRows, queueBytes } from '../measures/database-figures.js';
import { familyOf, residentMbOf } from '../measures/processes.js';
import type { Result } from '../report/result.js';
import type { SeriesPoint } from '../report/series.js';
import { measureLoad } from './measure-load.js';
import { addWebhooks } from './webhooks.js';

const EVENTS_PER_SECOND = 1_000;
const SECONDS = 3_600;
const SECONDS_QUICK = 5;
/** A point tells a minute; those of a shorter run tell less, so that it has ten. */
const POINT_SECONDS = 60;
const POINTS_MIN = 10;

/** Single events at a steady rate for an hour: what grows, and what becomes slower? */
export function measureEndurance(context: Context): Promise<Result[]> {
  const { isQuick, seconds: wanted } = context.options;
  const seconds = wanted ?? (isQuick ? SECONDS_QUICK : SECONDS);
  return onFreshSite(context, {}, async (site) => {
    let series: SeriesPoint[] = [];
    const result = await measureLoad(context, site, {
      scenario: 'endurance',
      label: `${EVENTS_PER_SECOND}/s for ${seconds} s`,
      streams: await addWebhooks(context, site),
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond: EVENTS_PER_SECOND },
      seconds,
      warmUpSeconds: isQuick ? 1 : 5,
      beside: async () => {
        series = await observe(context, site, seconds);
        return figuresOf(series);
      },
    });
    return [{ ...result, deliveriesPerSecond: null, series }];
  });
}

async function observe(context: Context, site: Site, seconds: number): Promise<SeriesPoint[]> {
  const points = Math.max(POINTS_MIN, Math.floor(seconds / POINT_SECONDS));
  const startMs = monotonicMs();
  const series: SeriesPoint[] = [];
  for (let number = 1; number <= points; number += 1) {
    const atSeconds = (number * seconds) / points;
    await delay(startMs + atSeconds * 1_000 - monotonicMs());
    const point = await pointOf(context, site, atSeconds);
    series.push(point);
    console.error(`${context.engine.name}, endurance: ${JSON.stringify(point)}`);
  }
  return series;
}

async function pointOf({ receiver }: Context, { client, installation }: Site, atSeconds: number): Promise<SeriesPoint> {
  const { p50, p99 } = await receiver.call('takeLatencies', null);
  const residentMb = installation.replicas
    .flatMap(({ pid }) => familyOf(pid))
    .map(residentMbOf)
    .reduce((sum, mb) => (sum === null || mb === null ? null : sum + mb), 0);
  return {
    atSeconds,
    receiptP50Ms: p50,
    receiptP99Ms: p99,
    queueBytes: await queueBytes(client),
    deadRows: await deadRows(client),
    residentMb,
  };
}

/** The course of it is in the series; these are for a glance. */
function figuresOf(series: readonly SeriesPoint[]): Record<string, number> {
  const most = (figure: (point: SeriesPoint) => number): number => Math.max(...series.map(figure));
  const [first, last] = [series[0]!, series.at(-1)!];
  return {
    firstP99Ms: first.receiptP99Ms,
    lastP99Ms: last.receiptP99Ms,
    mostP99Ms: most(({ receiptP99Ms }) => receiptP99Ms),
    mostQueueMb: most((point) => point.queueBytes / 1e6),
    lastQueueMb: last.queueBytes / 1e6,
    mostDeadRowsOfQueue: most((point) => point.deadRows['delivery_queue'] ?? 0),
    firstResidentMb: first.residentMb ?? NaN,
    lastResidentMb: last.residentMb ?? NaN,
  };
}
