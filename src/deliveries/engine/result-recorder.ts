import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { MicroBatcher } from '../../common/micro-batcher.js';
import { Config } from '../../config/config.js';
import { DailyPartitions } from '../../database/partitions/daily-partitions.js';
import { isDataError } from '../../database/sqlstate.js';
import { Metrics } from '../../metrics/metrics.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type { DeliveryResult } from '../delivery.types.js';
import { isGivenUp, type HealthState } from './endpoint-health.js';
import { EndpointStates } from './endpoint-states.js';
import { tallyOutcomes } from './outcome-tally.js';
import { SmallPublishers } from '../intake/small-publishers.js';
import { recordOutcomes, type RecordedHealth } from '../queue/record-health.js';
import { isSuccess, settleDeliveries, type Settled, type Settlements } from '../queue/settle-deliveries.js';
import { WebhookDisabler } from './webhook-disabler.js';
import { PIPELINE } from '../../database/data-sources.js';

/** Results written by one statement. Small publishers may have to wait for it. */
const ROWS_PER_FLUSH = { alone: 500, besideSmall: 200 };

/**
 * How long a result waits for others to share its statement, and how many are written at once without waiting. At 1,000
 * a second, a statement for each took as much of the database as accepting did.
 */
const WINDOW = { ms: 10, enough: 128 };

const RETRY_MS = { first: 100, longest: 5_000 };

interface Waiting {
  result: DeliveryResult;
  /** @param after what the caller of `record` also waits for. */
  done: (after?: Promise<void>) => void;
}

/**
 * Writes results in micro-batches. A result counts as in flight until it is written, so the in-flight limit bounds how
 * many wait here, and nothing more is claimed while nothing can be written.
 */
@Injectable()
export class ResultRecorder {
  private readonly logger = new Logger(ResultRecorder.name);
  private waiting: Waiting[] = [];
  private readonly batcher = new MicroBatcher({
    context: ResultRecorder.name,
    window: WINDOW,
    waiting: () => this.waiting.length,
    writeNext: () => this.writeNext(),
  });
  private unwritten = 0;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly smallPublishers: SmallPublishers,
    private readonly config: Config,
    private readonly states: EndpointStates,
    private readonly disabler: WebhookDisabler,
    private readonly deliveryMetrics: DeliveryMetrics,
    metrics: Metrics,
  ) {
    metrics.gauge('resultsWaiting', {}, () => this.unwritten);
  }

  /** Resolves when the result is written, however long that takes; never rejects. */
  async record(result: DeliveryResult): Promise<void> {
    this.unwritten += 1;
    const written = new Promise<void>((done) => this.waiting.push({ result, done }));
    this.batcher.added();
    await written;
    this.unwritten -= 1;
  }

  private async writeNext(): Promise<void> {
    const batch = this.takeBatch();
    const results = batch.map(({ result }) => result);
    const disabled = await this.recordHealth(results, await this.write(results));
    for (const { result, done } of batch) done(disabled.get(result.delivery.target.webhookId));
  }

  /**
   * Only successes, which have a shorter statement, or none: the kind that has waited longest. Never two results of one
   * delivery: the second belongs to a lease that began after the first was lost.
   */
  private takeBatch(): Waiting[] {
    const batch = new Map<string, Waiting>();
    const later: Waiting[] = [];
    const areSuccesses = isSuccess(this.waiting[0]!.result);
    const mostRows = this.smallPublishers.areActive() ? ROWS_PER_FLUSH.besideSmall : ROWS_PER_FLUSH.alone;
    for (const waiting of this.waiting) {
      const { id } = waiting.result.delivery;
      const belongs = batch.size < mostRows && !batch.has(id) && isSuccess(waiting.result) === areSuccesses;
      if (belongs) batch.set(id, waiting);
      else later.push(waiting);
    }
    this.waiting = later;
    return [...batch.values()];
  }

  /** @returns the webhooks whose health is known. */
  private async write(results: DeliveryResult[]): Promise<ReadonlySet<string>> {
    for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.longest)) {
      try {
        const { settled, inTrouble } = await this.settle(results);
        this.deliveryMetrics.recorded(results.length, settled);
        this.logSettled(results, settled);
        return inTrouble;
      } catch (error) {
        if (isDataError(error)) return this.writeAlone(results, error);
        this.logger.error({ msg: 'results could not be recorded; trying again', count: results.length, err: error });
        await delay(waitMs);
      }
    }
  }

  /**
   * A result that the database refuses must not hold up the others. It goes alone, then without its response, then
   * without its attempt.
   */
  private async writeAlone(results: DeliveryResult[], error: unknown): Promise<ReadonlySet<string>> {
    const inTrouble = new Set<string>();
    const [result, ...others] = results;
    if (!result) return inTrouble;
    if (others.length > 0) {
      for (const each of results) for (const webhookId of await this.write([each])) inTrouble.add(webhookId);
      return inTrouble;
    }
    this.logger.error({ msg: 'a result was refused by the database', delivery_id: result.delivery.id, err: error });
    const less = withLess(result);
    return less ? this.write([less]) : inTrouble;
  }

  private settle(results: DeliveryResult[]): Promise<Settlements> {
    return this.partitions.provide(() => settleDeliveries(this.dataSource, results));
  }

  private logSettled(results: readonly DeliveryResult[], settled: ReadonlyMap<string, Settled>): void {
    for (const { delivery } of results) {
      const status = settled.get(delivery.id)?.status;
      const ids = { delivery_id: delivery.id, webhook_id: delivery.target.webhookId };
      if (status === 'failed') this.logger.warn({ msg: 'delivery failed', ...ids });
      if (status === undefined) this.logger.warn({ msg: 'lease was lost before the result was recorded', ...ids });
    }
  }

  /**
   * What is known of endpoints may lag behind: a failure here costs no delivery.
   *
   * @returns by webhook, the end of each deactivation.
   */
  private async recordHealth(
    results: readonly DeliveryResult[],
    inTrouble: ReadonlySet<string>,
  ): Promise<ReadonlyMap<string, Promise<void>>> {
    const disabled = new Map<string, Promise<void>>();
    const states = new Map<string, HealthState>();
    const targets = new Map(results.map(({ delivery: { target } }) => [target.webhookId, target]));
    const disable = (webhookId: string, reason: 'gone' | 'failing'): void => {
      const from = states.get(webhookId) ?? 'healthy';
      disabled.set(webhookId, this.disabler.disable(targets.get(webhookId)!, reason, from));
    };
    try {
      const tallies = tallyOutcomes(results, inTrouble);
      const healths =
        tallies.length > 0 ? await recordOutcomes(this.dataSource, tallies, this.config.inFlightPerWebhook) : [];
      for (const health of healths) {
        states.set(health.webhookId, health.after);
        this.tell(health);
        if (isGivenUp(health, health.now)) disable(health.webhookId, 'failing');
      }
    } catch (error) {
      this.logger.error({ msg: 'the health of endpoints could not be recorded', err: error });
    }
    for (const { delivery, attempt } of results) {
      if (attempt?.response?.status === 410 && !delivery.isTest) disable(delivery.target.webhookId, 'gone');
    }
    return disabled;
  }

  private tell({ webhookId, before, after, newlyPausedUntil, hasPauseEnded, ...health }: RecordedHealth): void {
    if (before !== after) {
      const facts = {
        consecutive_failures: health.consecutiveFailures,
        failing_since: health.failingSince.toISOString(),
      };
      this.states.changed({ webhookId, from: before, to: after, ...(after === 'down' && { facts }) });
    }
    if (hasPauseEnded) this.states.changed({ webhookId, from: 'paused', to: after });
    if (newlyPausedUntil) {
      const facts = { paused_until: newlyPausedUntil.toISOString() };
      this.states.changed({ webhookId, from: after, to: 'paused', facts });
    }
  }
}

function withLess(result: DeliveryResult): DeliveryResult | null {
  const { attempt } = result;
  if (!attempt) return null;
  const { response } = attempt;
  if (!response || (response.body === '' && Object.keys(response.headers).length === 0)) {
    return { ...result, attempt: null };
  }
  return { ...result, attempt: { ...attempt, response: { ...response, headers: {}, body: '', bodyTruncated: true } } };
}
