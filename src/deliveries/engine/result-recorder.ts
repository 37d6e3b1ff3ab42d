import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { DailyPartitions } from '../../database/daily-partitions.js';
import { isDataError } from '../../database/sqlstate.js';
import { Metrics } from '../../metrics/metrics.js';
import { WebhooksService } from '../../webhooks/webhooks.service.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type { DeliveryResult, Target } from '../delivery.types.js';
import { isDown, isGivenUp } from './endpoint-health.js';
import { tallyFailures } from './failure-tally.js';
import { recordFailures, type RecordedHealth } from '../queue/record-health.js';
import { settleDeliveries, type Settled } from '../queue/settle-deliveries.js';

/** Results written by one statement. */
const ROWS_PER_FLUSH = 500;

/** First and longest wait between tries while the database cannot be reached. */
const RETRY_MS = { first: 100, longest: 5_000 };

interface Waiting {
  result: DeliveryResult;
  done: () => void;
}

/**
 * Writes results in micro-batches: whatever arrived while the previous batch was being written forms the next. A result
 * counts as in flight until it is written, so the number that waits here is bounded by the replica's in-flight limit,
 * and while nothing can be written nothing more is claimed.
 */
@Injectable()
export class ResultRecorder {
  private readonly logger = new Logger(ResultRecorder.name);
  private waiting: Waiting[] = [];
  private isFlushing = false;
  /** Results that are not written yet: those that wait, and those of the batch under way. */
  private unwritten = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly webhooks: WebhooksService,
    private readonly deliveryMetrics: DeliveryMetrics,
    metrics: Metrics,
  ) {
    metrics.gauge('resultsWaiting', {}, () => this.unwritten);
  }

  /** Resolves when the result is written, however long that takes; never rejects. */
  async record(result: DeliveryResult): Promise<void> {
    this.unwritten += 1;
    const written = new Promise<void>((done) => this.waiting.push({ result, done }));
    if (!this.isFlushing) {
      this.isFlushing = true;
      // The results of attempts that end in the same turn of the event loop share the first batch.
      setImmediate(() => {
        this.flush().catch((error: unknown) => this.logger.error({ msg: 'recording broke off', err: error }));
      });
    }
    await written;
    this.unwritten -= 1;
  }

  private async flush(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const batch = this.takeBatch();
        await this.write(batch.map(({ result }) => result));
        for (const { done } of batch) done();
      }
    } finally {
      this.isFlushing = false;
    }
  }

  /** No two results of one delivery: the second is about a lease that began after the first was lost. */
  private takeBatch(): Waiting[] {
    const batch = new Map<string, Waiting>();
    const later: Waiting[] = [];
    for (const waiting of this.waiting) {
      const { id } = waiting.result.delivery;
      if (batch.size < ROWS_PER_FLUSH && !batch.has(id)) batch.set(id, waiting);
      else later.push(waiting);
    }
    this.waiting = later;
    return [...batch.values()];
  }

  private async write(results: DeliveryResult[]): Promise<void> {
    for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.longest)) {
      try {
        const settled = await this.settle(results);
        this.deliveryMetrics.recorded(results.length, settled);
        this.logSettled(results, settled);
        break;
      } catch (error) {
        if (isDataError(error)) return this.writeAlone(results, error);
        this.logger.error({ msg: 'results could not be recorded; trying again', count: results.length, err: error });
        await delay(waitMs);
      }
    }
    await this.recordHealth(results);
  }

  /**
   * A result that the database refuses must not hold up the others: it goes alone, then without what was answered, then
   * without its attempt.
   */
  private async writeAlone(results: DeliveryResult[], error: unknown): Promise<void> {
    const [result, ...others] = results;
    if (!result) return;
    if (others.length > 0) {
      for (const each of results) await this.write([each]);
      return;
    }
    this.logger.error({ msg: 'a result was refused by the database', delivery_id: result.delivery.id, err: error });
    const less = withLess(result);
    if (less) await this.write([less]);
  }

  private settle(results: DeliveryResult[]): Promise<Map<string, Settled>> {
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

  /** What is known of endpoints may lag behind: a failure here costs no delivery. */
  private async recordHealth(results: readonly DeliveryResult[]): Promise<void> {
    try {
      const gone = results.filter(({ attempt }) => attempt?.response?.status === 410);
      for (const { delivery } of gone) await this.disable(delivery.target, 'gone');
      const tallies = tallyFailures(results);
      if (tallies.length > 0) await this.judgeHealth(await recordFailures(this.dataSource, tallies), results);
    } catch (error) {
      this.logger.error({ msg: 'the health of endpoints could not be recorded', err: error });
    }
  }

  private async judgeHealth(healths: readonly RecordedHealth[], results: readonly DeliveryResult[]): Promise<void> {
    const targets = new Map(results.map(({ delivery }) => [delivery.target.webhookId, delivery.target]));
    for (const health of healths) {
      if (isGivenUp(health, health.now)) await this.disable(targets.get(health.webhookId)!, 'failing');
      else if (isDown(health, health.now)) {
        this.logger.warn({
          msg: 'endpoint is down: its deliveries wait for a probe to succeed',
          webhook_id: health.webhookId,
          consecutive_failures: health.consecutiveFailures,
        });
      }
    }
  }

  /** Does not wait until other replicas know: nobody is being answered, and other results must not wait. */
  private async disable({ webhookId, revision }: Target, reason: 'gone' | 'failing'): Promise<void> {
    try {
      const settle = await this.webhooks.disable(webhookId, revision, reason);
      if (!settle) return;
      this.logger.warn({ msg: 'webhook made inactive', webhook_id: webhookId, reason });
      settle().catch((error: unknown) => {
        this.logger.error({ msg: 'what waits for the webhook is canceled later', webhook_id: webhookId, err: error });
      });
    } catch (error) {
      this.logger.error({ msg: 'webhook could not be made inactive', webhook_id: webhookId, reason, err: error });
    }
  }
}

/** The result with less to record, or null when there is nothing left to leave out. */
function withLess(result: DeliveryResult): DeliveryResult | null {
  const { attempt } = result;
  if (!attempt) return null;
  const { response } = attempt;
  if (!response || (response.body === '' && Object.keys(response.headers).length === 0)) {
    return { ...result, attempt: null };
  }
  return { ...result, attempt: { ...attempt, response: { ...response, headers: {}, body: '', bodyTruncated: true } } };
}
