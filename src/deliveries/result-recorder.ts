import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { isDataError } from '../database/sqlstate.js';
import { WebhooksService } from '../webhooks/webhooks.service.js';
import type { DeliveryResult, Target } from './delivery.types.js';
import { isDown, isGivenUp } from './endpoint-health.js';
import { tallyFailures } from './failure-tally.js';
import { recordFailures } from './queue/record-health.js';
import { settleDeliveries, type SettledStatus } from './queue/settle-deliveries.js';

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
  private flushing: Promise<void> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly webhooks: WebhooksService,
  ) {}

  /** Resolves when the result is written, however long that takes; never rejects. */
  record(result: DeliveryResult): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ result, done });
      this.flushing ??= this.flush().finally(() => {
        this.flushing = null;
      });
    });
  }

  private async flush(): Promise<void> {
    // The results of attempts that end in the same turn of the event loop share the first batch.
    await new Promise(setImmediate);
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, ROWS_PER_FLUSH);
      await this.write(batch.map(({ result }) => result));
      for (const { done } of batch) done();
    }
  }

  private async write(results: DeliveryResult[]): Promise<void> {
    for (let waitMs = RETRY_MS.first; ; waitMs = Math.min(waitMs * 2, RETRY_MS.longest)) {
      try {
        const settled = await settleDeliveries(this.dataSource, results);
        this.logFailed(results, settled);
        break;
      } catch (error) {
        if (isDataError(error)) return this.writeAlone(results, error);
        this.logger.error({ msg: 'results could not be recorded; trying again', count: results.length, err: error });
        await delay(waitMs);
      }
    }
    await this.recordHealth(results).catch((error: unknown) => {
      this.logger.error({ msg: 'the health of endpoints could not be recorded', err: error });
    });
  }

  /** A result that the database refuses must not hold up the others: it goes alone, then without what was answered. */
  private async writeAlone(results: DeliveryResult[], error: unknown): Promise<void> {
    if (results.length > 1) {
      for (const result of results) await this.write([result]);
      return;
    }
    const [result] = results;
    this.logger.error({ msg: 'a result was refused by the database', delivery_id: result!.delivery.id, err: error });
    if (result?.attempt?.response) {
      const response = { ...result.attempt.response, headers: {}, body: '', bodyTruncated: true };
      await this.write([{ ...result, attempt: { ...result.attempt, response } }]);
    }
  }

  private logFailed(results: readonly DeliveryResult[], settled: ReadonlyMap<string, SettledStatus>): void {
    for (const { delivery } of results) {
      const status = settled.get(delivery.id);
      const ids = { delivery_id: delivery.id, webhook_id: delivery.target.webhookId };
      if (status === 'failed') this.logger.warn({ msg: 'delivery failed: its schedule is spent', ...ids });
      if (status === undefined) this.logger.warn({ msg: 'lease was lost before the result was recorded', ...ids });
    }
  }

  private async recordHealth(results: readonly DeliveryResult[]): Promise<void> {
    const gone = results.filter(({ attempt }) => attempt?.response?.status === 410);
    for (const { delivery } of gone) await this.disable(delivery.target, 'gone');

    const tallies = tallyFailures(results);
    if (tallies.length === 0) return;
    const targets = new Map(results.map(({ delivery }) => [delivery.target.webhookId, delivery.target]));
    for (const health of await recordFailures(this.dataSource, tallies)) {
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

  private async disable({ webhookId, revision }: Target, reason: 'gone' | 'failing'): Promise<void> {
    if (await this.webhooks.disable(webhookId, revision, reason)) {
      this.logger.warn({ msg: 'webhook made inactive', webhook_id: webhookId, reason });
    }
  }
}
