import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { RoundRobin } from '../../common/round-robin.js';
import { atMost } from '../../common/within.js';
import { Config } from '../../config/config.js';
import { DatabaseClock } from '../../database/database-clock.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type {
  AttemptRecord,
  CancelReason,
  DeliveryResult,
  LeasedDelivery,
  SettledDelivery,
  Target,
} from '../delivery.types.js';
import { DeliverySender } from '../sending/delivery-sender.js';
import { readRevisions } from '../queue/read-revisions.js';
import { SmallPublishers } from '../intake/small-publishers.js';
import { DeliveryCapacity } from './delivery-capacity.js';
import { judgeAttempt, unattempted } from './judge-attempt.js';
import { LeasedAhead } from './leased-ahead.js';
import { Replica } from './replica.js';
import { ResultRecorder } from './result-recorder.js';
import { PIPELINE } from '../../database/data-sources.js';

const DRAIN_POLL_MS = 10;

/** How long whoever waits for a single attempt also waits for its record. */
const RECORD_PATIENCE_MS = 1_500;

/**
 * Attempts started in one turn of the event loop, unless more requests have brought them. Answers come in between
 * turns, so fast receivers need few open connections: sending took 32 µs a request with 64 open, 51 µs with 1,024.
 * Small publishers wait for the turn, so it is shorter beside them. What was leased ahead comes on top.
 */
const STARTS_PER_TURN = { alone: 32, besideSmall: 12 };

/** Attempts to an endpoint that takes longer do not end soon enough to lease more ahead of them. */
const QUICK_MS = 250;

/** Makes the attempts that this replica holds leases for, from its intake and from `DeliveryClaimer`. */
@Injectable()
export class DeliveryDispatcher {
  private readonly logger = new Logger(DeliveryDispatcher.name);
  /** Admitted, to be started in this or a later turn of the event loop; environments take turns. */
  private readonly ready = new RoundRobin<LeasedDelivery>();
  private readonly ahead = new LeasedAhead((deliveries) => this.putOff(deliveries));
  /** Were leased ahead, and have their turn before those that are ready. */
  private resumed: LeasedDelivery[] = [];
  private isTurnScheduled = false;
  private requestsSince = 0;
  private unsettled = 0;
  private isBrokenOff = false;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly capacity: DeliveryCapacity,
    private readonly smallPublishers: SmallPublishers,
    private readonly replica: Replica,
    private readonly sender: DeliverySender,
    private readonly recorder: ResultRecorder,
    private readonly deliveryMetrics: DeliveryMetrics,
    private readonly clock: DatabaseClock,
  ) {}

  /** No attempt starts from now on. Resolves when those under way are recorded. */
  async stop(): Promise<void> {
    this.capacity.close();
    this.ahead.clear();
    this.sender.hurry();
    // A statement that reserved room before may still lease deliveries. They are given back.
    while (this.unsettled > 0 || this.capacity.isReserved) await delay(DRAIN_POLL_MS);
  }

  /**
   * Ends what `stop` still waits for; a delivery whose attempt has no status yet is given back. This must come before the
   * leases end, or a status could still come for a delivery that is sent again.
   */
  async breakOff(): Promise<void> {
    this.isBrokenOff = true;
    await this.sender.breakOff();
  }

  /**
   * Starts an attempt for each delivery, or gives it back. Never throws.
   *
   * @param requests how many requests have brought them.
   */
  dispatch(deliveries: readonly LeasedDelivery[], requests = 0): void {
    this.requestsSince += requests;
    for (const delivery of deliveries) {
      if (this.capacity.admit(delivery)) {
        this.unsettled += 1;
        this.ready.push(delivery.target.environmentId, delivery);
      } else {
        this.giveBack(delivery);
      }
    }
    if (!this.isTurnScheduled) this.startReady();
  }

  /**
   * Makes one attempt now, outside the limits, and resolves when it is recorded. Null: the webhook has changed since it
   * was read, and the delivery is canceled.
   */
  async dispatchAlone(delivery: LeasedDelivery): Promise<AttemptRecord | null> {
    if (this.permitOf(delivery) !== 'allowed') {
      await this.settle(unattempted(delivery, { kind: 'canceled', reason: 'stopped' }));
      return null;
    }
    this.capacity.holdLease(delivery.lease);
    this.unsettled += 1;
    try {
      const result = await this.attempt(delivery);
      // The attempt was made: the caller is told of it, even if the database cannot record it now.
      await atMost(RECORD_PATIENCE_MS, this.settle(result));
      return result.attempt;
    } finally {
      this.capacity.dropLease(delivery.lease);
      this.unsettled -= 1;
    }
  }

  cancel(delivery: SettledDelivery, reason: CancelReason): void {
    this.inBackground(this.settle(unattempted(delivery, { kind: 'canceled', reason })));
  }

  private startReady(): void {
    this.isTurnScheduled = false;
    // At least one for each request: with fewer, sending would fall behind accepting.
    const few = this.smallPublishers.areActive() ? STARTS_PER_TURN.besideSmall : STARTS_PER_TURN.alone;
    const starts = Math.max(few, this.requestsSince);
    this.requestsSince = 0;
    const late: LeasedDelivery[] = [];
    const resumed = this.resumed;
    this.resumed = [];
    const begin = (delivery: LeasedDelivery): void => {
      this.capacity.attemptStarts(delivery.target);
      const permit = this.permitOf(delivery);
      if (permit === 'late') late.push(delivery);
      else this.carryOut(delivery, permit === 'allowed' ? this.attempt(delivery) : this.notNow(delivery));
    };
    // In place of attempts that have ended, so however many they are.
    for (const delivery of resumed) begin(delivery);
    for (const delivery of this.ready.takeUpTo(starts)) {
      this.capacity.leftReady();
      const mayBegin = this.capacity.isClosed || this.capacity.mayStart(delivery.target.webhookId);
      if (mayBegin) begin(delivery);
      else this.ahead.hold(delivery);
    }
    if (late.length > 0) this.reread(late);
    if (this.ready.size > 0) this.scheduleTurn();
  }

  private scheduleTurn(): void {
    if (this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    setImmediate(() => this.startReady());
  }

  /** The endpoint asks for a pause, and the queue knows of it as soon as the attempt is recorded. */
  private leaseNothingAhead(webhookId: string): void {
    this.capacity.leaseNothingAhead(webhookId);
    this.ahead.release(webhookId);
  }

  private resumeNext(webhookId: string): void {
    const next = this.capacity.mayStart(webhookId) && this.ahead.next(webhookId);
    if (!next) return;
    this.resumed.push(next);
    this.scheduleTurn();
  }

  private permitOf({ target, readAt }: LeasedDelivery): ReturnType<Replica['permitOf']> {
    if (this.capacity.isClosed || !this.replica.isSeen) return 'superseded';
    return this.replica.permitOf(target, readAt);
  }

  private carryOut(delivery: LeasedDelivery, attempt: DeliveryResult | Promise<DeliveryResult>): void {
    this.inBackground(this.finish(delivery, attempt));
  }

  /** The slot ends with the attempt, the lease with the record. */
  private async finish(
    { lease, target }: LeasedDelivery,
    attempt: DeliveryResult | Promise<DeliveryResult>,
  ): Promise<void> {
    try {
      await this.record(await this.inFlightUntil(attempt, target));
    } finally {
      this.capacity.dropLease(lease);
      this.unsettled -= 1;
    }
  }

  private async inFlightUntil(end: DeliveryResult | Promise<DeliveryResult>, target: Target): Promise<DeliveryResult> {
    let result: DeliveryResult | null = null;
    try {
      result = await end;
      return result;
    } finally {
      if (result !== null && result.pauseWebhookMs !== null) this.leaseNothingAhead(target.webhookId);
      this.capacity.attemptEnded(target, result !== null && isQuickSuccess(result));
      this.resumeNext(target.webhookId);
    }
  }

  private inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.logger.error({ msg: 'an attempt broke off; its delivery is due again soon', err: error });
    });
  }

  private async record(result: DeliveryResult): Promise<void> {
    this.capacity.recordingBegins();
    await this.recorder.record(result);
    this.capacity.recordingEnds();
  }

  /** Records a delivery that has no slot. Never rejects. */
  private async settle(result: DeliveryResult): Promise<void> {
    const { lease } = result.delivery;
    this.capacity.holdLease(lease);
    this.unsettled += 1;
    await this.record(result);
    this.capacity.dropLease(lease);
    this.unsettled -= 1;
  }

  private async attempt(delivery: LeasedDelivery): Promise<DeliveryResult> {
    const attempt = await this.sender.send(delivery);
    if (this.isBrokenOff && attempt.response === null && !delivery.isTest) return this.notNow(delivery);
    this.deliveryMetrics.attempted(delivery, attempt);
    const { retryScheduleMs } = this.config;
    return judgeAttempt(delivery, attempt, { retryScheduleMs, nowMs: this.clock.nowMs(), random: Math.random() });
  }

  /** Were leased ahead. That they are not sent is their endpoint's doing, and no want of slots. */
  private putOff(deliveries: readonly LeasedDelivery[]): void {
    for (const delivery of deliveries) {
      this.capacity.attemptStarts(delivery.target);
      this.inBackground(this.finish(delivery, waiting(delivery)).then(() => this.capacity.nudge()));
    }
  }

  private giveBack(delivery: LeasedDelivery): void {
    this.inBackground(this.settle(this.notNow(delivery)).then(() => this.capacity.nudge()));
  }

  /** Its webhook has changed, or there is no room: any replica may claim it again at once. */
  private notNow(delivery: LeasedDelivery): DeliveryResult {
    this.capacity.attemptPutOff();
    return waiting(delivery);
  }

  /**
   * The statement that leased these was so slow that their webhooks may have changed. To read the revisions is quick
   * even when the database is slow. To claim again would be as slow as before.
   */
  private reread(deliveries: readonly LeasedDelivery[]): void {
    const readAt = performance.now();
    const revisions = readRevisions(this.dataSource, [...new Set(deliveries.map(({ target }) => target.webhookId))]);
    for (const delivery of deliveries) {
      const decided = revisions.then((known) => {
        const isCurrent = known.get(delivery.target.webhookId) === delivery.target.revision;
        return isCurrent && this.permitOf({ ...delivery, readAt }) === 'allowed'
          ? this.attempt(delivery)
          : this.notNow(delivery);
      });
      this.carryOut(delivery, decided);
    }
  }
}

/** Any replica may claim it again at once. */
function waiting(delivery: LeasedDelivery): DeliveryResult {
  return unattempted(delivery, { kind: 'waiting', inMs: null });
}

function isQuickSuccess({ settlement, attempt }: DeliveryResult): boolean {
  return settlement.kind === 'succeeded' && attempt !== null && attempt.durationMs < QUICK_MS;
}
