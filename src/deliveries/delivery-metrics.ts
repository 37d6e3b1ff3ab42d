import { Injectable } from '@nestjs/common';
import { CANCEL_REASONS, type CancelReason } from '../common/outcomes.js';
import { ENDPOINT_CHANGES, type EndpointChange, FAILURE_REASONS, type FailureReason } from '../metrics/metric-table.js';
import { type Count, type Distribution, Metrics } from '../metrics/metrics.js';
import type { AttemptRecord, LeasedDelivery } from './delivery.types.js';
import type { Rescue } from './queue/rescue-deliveries.js';
import type { Settled } from './queue/settle-deliveries.js';

@Injectable()
export class DeliveryMetrics {
  private readonly succeeded: Count;
  private readonly failed: Count;
  private readonly canceled: Record<CancelReason, Count>;
  private readonly rescues: Count;
  private readonly late: Count;
  private readonly failures: Record<FailureReason, Count>;
  private readonly states: Record<EndpointChange, Count>;
  private readonly durations: Record<AttemptRecord['outcome'], Distribution>;
  private readonly firstDelay: Distribution;

  constructor(metrics: Metrics) {
    this.succeeded = metrics.counter('deliveriesSucceeded', {});
    this.failed = metrics.counter('deliveriesFailed', {});
    this.canceled = byValue(CANCEL_REASONS, (reason) => metrics.counter('deliveriesCanceled', { reason }));
    this.rescues = metrics.counter('deliveriesRescued', {});
    this.late = metrics.counter('resultsLate', {});
    this.failures = byValue(FAILURE_REASONS, (reason) => metrics.counter('attemptsFailed', { reason }));
    this.states = byValue(ENDPOINT_CHANGES, (to) => metrics.counter('endpointStateChanges', { to }));
    this.durations = byValue(['succeeded', 'failed'], (outcome) => metrics.histogram('attemptDuration', { outcome }));
    this.firstDelay = metrics.histogram('firstAttemptDelay', {});
  }

  attempted(delivery: LeasedDelivery, attempt: AttemptRecord): void {
    const { outcome, durationMs, startedAt, sentAfterMs } = attempt;
    this.durations[outcome].observe(durationMs / 1000);
    if (outcome === 'failed') this.failures[failureReasonOf(attempt)].inc();
    if (isFirst(delivery) && sentAfterMs !== null) {
      // Two replicas estimate the database's time a little differently.
      const delayMs = Math.max(0, startedAt.getTime() + sentAfterMs - delivery.event!.createdAt.getTime());
      this.firstDelay.observe(delayMs / 1000);
    }
  }

  /**
   * @param results how many
   * @param settled without those whose lease was lost.
   */
  recorded(results: number, settled: ReadonlyMap<string, Settled>): void {
    let succeeded = 0;
    let failed = 0;
    for (const { status, cancelReason } of settled.values()) {
      if (status === 'succeeded') succeeded += 1;
      else if (status === 'failed') failed += 1;
      else if (cancelReason !== null) this.canceledFor(cancelReason, 1);
    }
    this.succeeded.inc(succeeded);
    this.failed.inc(failed);
    this.late.inc(results - settled.size);
  }

  canceledFor(reason: CancelReason, count: number): void {
    this.canceled[reason].inc(count);
  }

  rescued({ freed, ended }: Rescue): void {
    this.rescues.inc(freed);
    for (const reason of ended) {
      if (reason !== null) this.canceledFor(reason, 1);
      else {
        this.failed.inc();
        this.failures.worker_lost.inc();
      }
    }
  }

  endpointBecame(to: EndpointChange): void {
    this.states[to].inc();
  }
}

/** Other attempts do not tell how long events wait. */
function isFirst({ event, attemptCount, isForced, isTest }: LeasedDelivery): boolean {
  return event !== null && attemptCount === 0 && !isForced && !isTest;
}

export function failureReasonOf({ error, response }: Pick<AttemptRecord, 'error' | 'response'>): FailureReason {
  if (error !== null) return error;
  const hundreds = Math.floor((response?.status ?? 0) / 100);
  return hundreds === 3 || hundreds === 4 || hundreds === 5 ? `status_${hundreds}xx` : 'status_other';
}

function byValue<Value extends string, T>(values: readonly Value[], make: (value: Value) => T): Record<Value, T> {
  return Object.fromEntries(values.map((value) => [value, make(value)])) as Record<Value, T>;
}
