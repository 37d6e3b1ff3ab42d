import { setTimeout as delay } from 'node:timers/promises';
import { send } from '../../test/support/client.js';
import { until } from '../../test/support/wait.js';
import { type Context, onFreshSite, type Site } from '../context.js';
import { payloadOf } from '../helpers/payload.js';
import type { LoadReport } from '../helpers/load-run.js';
import type { Stream } from '../helpers/request-source.js';
import { targetUrl } from '../helpers/target.js';
import { monotonicMs } from '../measures/clock.js';
import { Meter } from '../measures/meter.js';
import { emptyResult, type Result } from '../report/result.js';
import type { Tenant } from '../service/installation.js';
import { eventTypeOf } from './webhooks.js';

const NEIGHBOURS_PER_SECOND = 20;
/** From the beginning of the neighbour's events until the batch. */
const LEAD_MS = 2_000;
const ALONE_SECONDS = 10;
const DRAIN_DEADLINE_MS = 1_200_000;
/** A refused batch may be stored after all: it is looked for after this long. */
const REFUSED_MS = 15_000;
const POLL_MS = 500;

/** Of the webhooks, by their index; those of the wide environment come after it. */
const NEIGHBOUR = 0;

interface Wide {
  events: number;
  webhooks: number;
  seconds: number;
}

const WIDE: readonly Wide[] = [
  { events: 100, webhooks: 1_000, seconds: 30 },
  { events: 1_000, webhooks: 100, seconds: 30 },
  { events: 1_000, webhooks: 1_000, seconds: 120 },
];
const QUICK: readonly Wide[] = [{ events: 200, webhooks: 100, seconds: 5 }];

/** One batch with up to a million deliveries, beside an environment that publishes 20 events a second. */
export async function measureWide(context: Context): Promise<Result[]> {
  const { isQuick, seconds } = context.options;
  const results: Result[] = [];
  for (const wide of isQuick ? QUICK : WIDE) {
    results.push(await measure(context, seconds === null ? wide : { ...wide, seconds }));
    await context.receiver.call('reset', null);
  }
  return results;
}

function measure(context: Context, { events, webhooks, seconds }: Wide): Promise<Result> {
  return onFreshSite(context, {}, async (site) => {
    const wide = await addWebhooks(context, site, webhooks);
    const neighbour = await addNeighbour(context, site);
    const alone = await publish(context, site, neighbour, ALONE_SECONDS);
    await context.receiver.call('reset', null);

    const meter = await Meter.start(site.client, site.installation, {
      receiver: context.receiver.pid,
      load: context.load.pid,
    });
    const [published, batch] = await Promise.all([
      publish(context, site, neighbour, seconds),
      delay(LEAD_MS).then(() => publishBatch(site, wide, events)),
    ]);
    const usage = await meter.stop();
    const receipts = await context.receiver.call('report', { from: NEIGHBOUR, to: NEIGHBOUR + 1 });
    const stored = await countDelivered(site, wide);
    const owed = published.owedDeliveries + stored;
    const per = (value: number | null): number | null => value && value / owed;
    return {
      ...emptyResult({
        scenario: 'wide',
        engine: context.engine.name,
        receiver: context.receiverName,
        label: `${events} events to ${webhooks} webhooks`,
      }),
      deliveries: owed,
      answerMs: published.answerMs,
      receiptMs: receipts.latencyMs,
      lost: owed - receipts.distinct,
      duplicates: receipts.duplicates,
      cpuMicros: {
        tidings: per(usage.tidingsCpuMicros),
        postgres: per(usage.postgresCpuMicros),
        receiver: per(usage.receiverCpuMicros),
        load: per(usage.loadCpuMicros),
      },
      walBytesPerDelivery: per(usage.walBytes),
      peakMemoryMb: usage.peakMemoryMb,
      othersCpuShare: usage.othersCpuShare,
      figures: {
        status: batch.status,
        answeredSeconds: batch.answered,
        queuedSeconds: batch.queued,
        deliveredSeconds: batch.delivered,
        deliveriesStored: stored,
        aloneAnswerP50Ms: alone.answerMs.p50,
        aloneAnswerP99Ms: alone.answerMs.p99,
        neighbourRequests: published.requests,
        neighbourRefused: published.requests - published.acceptedRequests,
      },
      notes: [
        ...(batch.status === 202 ? [] : [`the batch: ${batch.text}`]),
        ...(published.firstRefusal === null ? [] : [`the neighbour: ${published.firstRefusal}`]),
      ],
    };
  });
}

async function addWebhooks({ receiverPort }: Context, { installation }: Site, count: number): Promise<Tenant> {
  const tenant = await installation.createTenant();
  for (let index = 1; index <= count; index += 1) {
    await installation.createWebhook(tenant, targetUrl(receiverPort, 'ok', NEIGHBOUR + index));
  }
  return tenant;
}

async function addNeighbour({ receiverPort }: Context, { installation }: Site): Promise<Stream> {
  const tenant = await installation.createTenant();
  await installation.createWebhook(tenant, targetUrl(receiverPort, 'ok', NEIGHBOUR));
  return { token: tenant.token, eventType: eventTypeOf(0), weight: 1, fanOut: 1 };
}

function publish({ load }: Context, { installation }: Site, stream: Stream, seconds: number): Promise<LoadReport> {
  const ports = installation.replicas.map(({ port }) => port);
  const arrivals = { kind: 'open', perSecond: NEIGHBOURS_PER_SECOND } as const;
  return load.call('publish', { ports, streams: [stream], eventsPerRequest: 1, arrivals, seconds });
}

interface Batch {
  status: number;
  text: string;
  /** From the beginning of the request, in seconds. */
  answered: number;
  queued: number;
  /** Every delivery has ended and is recorded. */
  delivered: number;
}

/** Resolves when all its deliveries have ended. */
async function publishBatch(site: Site, tenant: Tenant, events: number): Promise<Batch> {
  const members = Array.from({ length: events }, (_, n) => {
    return `{"event_type":"${eventTypeOf(0)}","payload":${payloadOf(n, 0)}}`;
  });
  const startedAtMs = monotonicMs();
  const seconds = (): number => (monotonicMs() - startedAtMs) / 1_000;
  const { status, text } = await send(site.installation.replicas[0]!.url, 'POST', '/event/batch', {
    headers: { authorization: `Bearer ${tenant.token}`, 'content-type': 'application/json' },
    rawBody: `{"events":[${members.join(',')}]}`,
  });
  const answered = seconds();
  if (status !== 202) await delay(REFUSED_MS);
  const isNone = async (sql: string): Promise<boolean> => {
    await delay(POLL_MS);
    return (await site.client.query(sql, [tenant.environmentId])).rows.length === 0;
  };
  await until('the fan-out', () => isNone('SELECT FROM fan_out WHERE environment_id = $1 LIMIT 1'), DRAIN_DEADLINE_MS);
  const queued = seconds();
  const waiting = 'SELECT FROM delivery_queue WHERE environment_id = $1 LIMIT 1';
  await until('the deliveries', () => isNone(waiting), DRAIN_DEADLINE_MS);
  return { status, text, answered, queued, delivered: seconds() };
}

async function countDelivered({ client }: Site, { environmentId }: Tenant): Promise<number> {
  const { rows } = await client.query<{ count: string }>('SELECT count(*) FROM delivery WHERE environment_id = $1', [
    environmentId,
  ]);
  return Number(rows[0]!.count);
}
