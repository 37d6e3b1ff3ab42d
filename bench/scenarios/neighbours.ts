import { setTimeout as delay } from 'node:timers/promises';
import { type Context, onFreshSite, type Site } from '../context.js';
import type { HelperProcess } from '../helpers/helper-process.js';
import type { LoadReport } from '../helpers/load-run.js';
import type { NoiseProcedures } from '../helpers/noise-process.js';
import type { NoiseReport } from '../helpers/noise-run.js';
import type { ReceiverProcedures } from '../helpers/receiver-process.js';
import { requestOf, type Stream } from '../helpers/request-source.js';
import { type Behaviour, targetUrl } from '../helpers/target.js';
import { monotonicMs } from '../measures/clock.js';
import type { Neighbour } from '../report/neighbour.js';
import { emptyResult, type Result } from '../report/result.js';
import { dropDue, fillFinishedOf, fillWaitingOf, isIdle } from '../service/fill-neighbour.js';
import type { Tenant } from '../service/installation.js';
import { BEHIND_THE_SERVICE, startHelper } from '../start-helper.js';
import { batch, event, type LoudTenant, type NamedNoise, noisesOf } from './neighbour-noises.js';
import { eventTypeOf } from './webhooks.js';

/** Published by the quiet environment, each event to one webhook. */
const QUIET_PER_SECOND = 20;
const QUIET_WEBHOOK = 0;

/** Of the loud environment. */
const WEBHOOKS = 20;
const FIRST_LOUD = 100;
const MISSED_WEBHOOKS = 8;
const MANY_WEBHOOKS = 1_000;
const WAITING = 300_000;
const FINISHED = 20_000;
const ROWS_NAMED = 400;

/** The limits of an unchanged installation: the noise is as loud as they allow. */
const DEFAULT_LIMITS = { RATE_LIMIT_PER_10S: '500', WEBHOOKS_PER_ENVIRONMENT: '1000' };
/** A token creates this many webhooks before it meets its limit. */
const WEBHOOKS_PER_TOKEN = 400;

/**
 * Lasting noise runs this long before it is measured: V8 compiles for two seconds, in which the slowest answers take
 * twice as long.
 */
const NOISE_LEAD_S = 3;

/** After the last event was answered. */
const LAST_RECEIPTS_MS = 10_000;
/** Between two measurements, for the rest of the one before; then waiting deliveries are removed. */
const SETTLE_MS = 15_000;
const POLL_MS = 20;
const IDLE_POLL_MS = 200;

/**
 * The effect of one environment on another: a quiet one is measured alone, and beside each kind of request of a loud
 * one.
 */
export async function measureNeighbours(context: Context): Promise<Result[]> {
  const noise = startHelper<NoiseProcedures>(context.workspace, 'noise', BEHIND_THE_SERVICE);
  const receiver = startHelper<ReceiverProcedures>(context.workspace, 'receiver', BEHIND_THE_SERVICE);
  await receiver.call('answerAs', context.receiverName);
  const crew: Crew = { context, noise, port: await receiver.call('listen', null) };
  try {
    const results: Result[] = [];
    for (const stage of [measureRequests, measureManyWebhooks, measureHangingWebhooks]) {
      results.push(...(await onFreshSite(context, { settings: DEFAULT_LIMITS }, (site) => stage(crew, site))));
    }
    return results;
  } finally {
    await Promise.all([noise.stop(), receiver.stop()]);
  }
}

interface Crew {
  context: Context;
  noise: HelperProcess<NoiseProcedures>;
  /** Of the loud environment's receiver. */
  port: number;
}

async function measureRequests(crew: Crew, site: Site): Promise<Result[]> {
  const quiet = await Quiet.settle(crew, site);
  const loud = await settleLoudTenant(crew, site);
  return quiet.compare(noisesOf(loud));
}

async function measureManyWebhooks(crew: Crew, site: Site): Promise<Result[]> {
  const quiet = await Quiet.settle(crew, site);
  const { token } = await settleManyWebhooks(crew, site, 'ok');
  const noises: NamedNoise[] = [
    {
      name: 'POST /event to 1,000 webhooks × 8',
      requests: [requestOf('POST', '/event', token, event(0))],
      connections: 8,
      perSecond: null,
    },
    {
      name: 'a batch of 1,000 to 1,000 webhooks',
      requests: [requestOf('POST', '/event/batch', token, batch(1_000, 1))],
      connections: 1,
      // One: it creates a million deliveries.
      perSecond: 1 / quiet.seconds,
    },
  ];
  return quiet.compare(noises);
}

async function measureHangingWebhooks(crew: Crew, site: Site): Promise<Result[]> {
  const quiet = await Quiet.settle(crew, site);
  const { token } = await settleManyWebhooks(crew, site, 'hang');
  const noise: NamedNoise = {
    name: '1,000 webhooks that hang, 10 events/s',
    requests: [requestOf('POST', '/event', token, event(0))],
    connections: 4,
    perSecond: 10,
  };
  return quiet.compare([noise]);
}

class Quiet {
  private constructor(
    private readonly crew: Crew,
    private readonly site: Site,
    private readonly stream: Stream,
    readonly seconds: number,
    private readonly perSecond: number,
  ) {}

  static async settle(crew: Crew, site: Site): Promise<Quiet> {
    const { context } = crew;
    const { seconds, isQuick, rate } = context.options;
    const tenant = await site.installation.createTenant();
    const eventType = eventTypeOf(QUIET_WEBHOOK);
    await site.installation.createWebhook(tenant, targetUrl(context.receiverPort, 'ok', QUIET_WEBHOOK), [eventType]);
    const stream = { token: tenant.token, eventType, weight: 1, fanOut: 1 };
    return new Quiet(crew, site, stream, seconds ?? (isQuick ? 2 : 12), rate ?? QUIET_PER_SECOND);
  }

  /** Ratios are to the measurement alone before: the last noise may not have ended. */
  async compare(all: readonly NamedNoise[]): Promise<Result[]> {
    const { beside: wanted } = this.crew.context.options;
    const noises = all.filter(({ name }) => wanted === null || name.includes(wanted));
    if (noises.length === 0) return [];
    await this.warmUp();
    const alone = await this.measure(null);
    const beside: (Measured | Failed)[] = [];
    for (const noise of noises) {
      beside.push(await this.measure(noise).catch((error: unknown) => ({ name: noise.name, failure: String(error) })));
      await this.untilIdle();
    }
    return [alone, ...beside].map((one) =>
      'failure' in one ? { ...this.nothingOf(one.name), notes: [one.failure] } : this.resultOf(one, alone),
    );
  }

  /** The first time of everything costs more. */
  private async warmUp(): Promise<void> {
    const { context } = this.crew;
    const warmUp = { perSecond: 10 * this.perSecond, seconds: context.options.isQuick ? 1 : 4 };
    await this.publish(warmUp.perSecond, warmUp.seconds);
    await delay(1_000);
  }

  private async measure(noise: NamedNoise | null): Promise<Measured> {
    const { context, noise: helper } = this.crew;
    await context.receiver.call('reset', null);
    const { port } = this.site.installation.replicas[0]!;
    const leadS = noise?.perSecond === null ? NOISE_LEAD_S : 0;
    const [published, noiseReport] = await Promise.all([
      delay(leadS * 1_000).then(() => this.publish(this.perSecond, this.seconds)),
      noise === null ? null : helper.call('make', { ...noise, port, seconds: leadS + this.seconds }),
    ]);
    const receipts = await this.receiptsOf(published.owedDeliveries);
    console.error(
      `${context.engine.name}, beside ${noise?.name ?? 'nobody'}: ${published.answerMs.p50.toFixed(1)}/` +
        `${published.answerMs.p99.toFixed(1)}, ${receipts.latencyMs.p50.toFixed(1)}/${receipts.latencyMs.p99.toFixed(1)}`,
      noiseReport,
    );
    return { name: noise?.name ?? 'alone', published, receipts, noise: noiseReport };
  }

  private publish(perSecond: number, seconds: number): Promise<LoadReport> {
    return this.crew.context.load.call('publish', {
      ports: this.site.installation.replicas.map(({ port }) => port),
      streams: [this.stream],
      eventsPerRequest: 1,
      arrivals: { kind: 'open', perSecond },
      seconds,
    });
  }

  private async receiptsOf(owed: number): Promise<Receipts> {
    const { receiver } = this.crew.context;
    for (const deadline = monotonicMs() + LAST_RECEIPTS_MS; ; await delay(POLL_MS)) {
      const receipts = await receiver.call('report', { from: QUIET_WEBHOOK, to: QUIET_WEBHOOK + 1 });
      if (receipts.distinct >= owed || monotonicMs() > deadline) return receipts;
    }
  }

  /** The next measurement must not see the rest of the last one. */
  private async untilIdle(): Promise<void> {
    const deadline = monotonicMs() + SETTLE_MS;
    while (!(await isIdle(this.site.client))) {
      if (monotonicMs() > deadline) return dropDue(this.site.client);
      await delay(IDLE_POLL_MS);
    }
  }

  private resultOf(measured: Measured, alone: Measured): Result {
    const { published, receipts } = measured;
    const ratio = (figure: (measured: Measured) => number): number => figure(measured) / figure(alone);
    return {
      ...this.nothingOf(measured.name),
      deliveries: published.owedDeliveries,
      answerMs: published.answerMs,
      receiptMs: receipts.latencyMs,
      lost: published.owedDeliveries - receipts.distinct,
      duplicates: receipts.duplicates,
      neighbour: {
        ratios: {
          answerP50: ratio((one) => one.published.answerMs.p50),
          answerP99: ratio((one) => one.published.answerMs.p99),
          receiptP50: ratio((one) => one.receipts.latencyMs.p50),
          receiptP99: ratio((one) => one.receipts.latencyMs.p99),
        },
        refused: published.requests - published.acceptedRequests,
        noise: measured.noise,
      },
      notes: published.firstRefusal === null ? [] : [`refused: ${published.firstRefusal}`],
    };
  }

  private nothingOf(label: string): Result & { neighbour: Neighbour } {
    const { engine, receiverName } = this.crew.context;
    const line = emptyResult({ scenario: 'neighbours', engine: engine.name, receiver: receiverName, label });
    return { ...line, neighbour: { ratios: null, refused: 0, noise: null } };
  }
}

type Receipts = Awaited<ReturnType<ReceiverProcedures['report']>>;

interface Measured {
  name: string;
  published: LoadReport;
  receipts: Receipts;
  /** Null: it was alone. */
  noise: NoiseReport | null;
}

/** The service did not answer any more. */
interface Failed {
  name: string;
  failure: string;
}

async function settleLoudTenant({ context, port }: Crew, site: Site): Promise<LoudTenant & Tenant> {
  const { installation, client } = site;
  const tenant = await installation.createTenant();
  const add = async (index: number, eventTypes: readonly string[], behaviour: Behaviour = 'ok'): Promise<string> =>
    (await installation.createWebhook(tenant, targetUrl(port, behaviour, FIRST_LOUD + index), eventTypes)).id;
  const webhookIds: string[] = [];
  for (let index = 0; index < WEBHOOKS; index += 1) webhookIds.push(await add(index, [eventTypeOf(index)]));
  const slowWebhookId = await add(WEBHOOKS, [eventTypeOf(WEBHOOKS)], 'slow');
  const { isQuick } = context.options;
  const size = (count: number): number => (isQuick ? count / 100 : count);
  const owner = { environmentId: tenant.environmentId, webhookId: webhookIds[0]!, eventType: eventTypeOf(0) };
  await fillWaitingOf(client, owner, size(WAITING));
  const finished = await fillFinishedOf(client, owner, size(FINISHED), ROWS_NAMED);
  const missedWebhookIds: string[] = [];
  for (let index = 0; index < MISSED_WEBHOOKS; index += 1) {
    missedWebhookIds.push(await add(WEBHOOKS + 1 + index, [eventTypeOf(0)]));
  }
  const created = targetUrl(port, 'ok', FIRST_LOUD + WEBHOOKS + 1 + MISSED_WEBHOOKS);
  return { ...tenant, ...finished, webhookIds, slowWebhookId, missedWebhookIds, targetUrl: created };
}

async function settleManyWebhooks({ context, port }: Crew, site: Site, behaviour: Behaviour): Promise<Tenant> {
  const { installation } = site;
  const first = await installation.createTenant();
  const count = context.options.isQuick ? MANY_WEBHOOKS / 10 : MANY_WEBHOOKS;
  for (let index = 0, tenant = first; index < count; index += 1) {
    if (index % WEBHOOKS_PER_TOKEN === 0) tenant = await installation.createToken(first.environmentId);
    await installation.createWebhook(tenant, targetUrl(port, behaviour, FIRST_LOUD + index), [eventTypeOf(0)]);
  }
  return first;
}
