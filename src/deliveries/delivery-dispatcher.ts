import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import type { AttemptRecord, CancelReason, DeliveryResult, LeasedDelivery, Settlement } from './delivery.types.js';
import { DeliverySender } from './delivery-sender.js';
import { InFlight } from './in-flight.js';
import { claimDeliveries } from './queue/claim-deliveries.js';
import { Replica } from './replica.js';
import { ResultRecorder } from './result-recorder.js';
import { retryAfterMs, retryDelayMs } from './retry-policy.js';
import { Wakeup } from './wakeup.js';

/** How often the queue is looked at when nothing says that something is due: bounds the lateness of a retry. */
const POLL_MS = 250;

/** How often a dispatcher that stops looks whether it is done. */
const DRAIN_POLL_MS = 10;

/** Wait after a claim that failed, in milliseconds. */
const CLAIM_RETRY_MS = 1_000;

/** Beyond the deadline of the attempt: what recording its result may take before the lease ends. */
const RECORDING_BUDGET_MS = 30_000;

/** A claim is worth its statement when this share of the limit is free, or when nothing runs at all. */
const WORTHWHILE_SHARE = 1 / 8;

/** What an accepting statement may lease to this replica. */
export interface Room {
  lease: string;
  replicaId: string;
  leaseMs: number;
  /** Deliveries of all webhooks together. */
  total: number;
  perWebhook: number;
  webhookRooms: ReadonlyMap<string, number>;
  /** Call it when the statement has ended, before the deliveries are dispatched. */
  release: () => void;
}

/**
 * Makes the attempts that this replica holds leases for: those that its own intake leased as they were accepted, and
 * those that it claims whenever it has room.
 */
@Injectable()
export class DeliveryDispatcher {
  private readonly logger = new Logger(DeliveryDispatcher.name);
  private readonly inFlight: InFlight;
  private readonly wakeup = new Wakeup();
  private readonly leaseMs: number;
  private readonly attempts = new Set<Promise<void>>();
  private isStopping = false;
  /** More was due than could be attempted: the end of an attempt is then a reason to claim. */
  private hasBacklog = false;
  private scanFrom: string | null = null;
  private loop: Promise<void> | null = null;
  private lastClaimFailed = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly replica: Replica,
    private readonly sender: DeliverySender,
    private readonly recorder: ResultRecorder,
  ) {
    this.inFlight = new InFlight(config.inFlightLimit, config.inFlightPerWebhook);
    this.leaseMs = config.attemptTimeoutMs + RECORDING_BUDGET_MS;
  }

  /** Whether deliveries are being claimed: false while the database refuses, and once stopping has begun. */
  get isHealthy(): boolean {
    return this.loop !== null && !this.isStopping && !this.lastClaimFailed;
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** No claim and no new lease from now on; resolves when every attempt under way has ended and is recorded. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wakeup.wake();
    await this.loop;
    // A statement that set room aside before may still lease deliveries to this replica: they are given back.
    while (this.attempts.size > 0 || this.inFlight.isReserved) {
      await Promise.race([...this.attempts, delay(DRAIN_POLL_MS)]);
    }
  }

  /** Something became due: look now instead of at the next poll. */
  nudge(): void {
    this.wakeup.wake();
  }

  /**
   * Room for deliveries that are about to be accepted. While there is a backlog the accepting side gets at most half,
   * so that what waits is not passed by for ever.
   */
  reserve(): Room {
    const free = this.inFlight.room;
    const total = this.isStopping ? 0 : this.hasBacklog ? Math.min(free, this.config.inFlightLimit >> 1) : free;
    return {
      lease: randomUUID(),
      replicaId: this.replica.id,
      leaseMs: this.leaseMs,
      total,
      perWebhook: this.config.inFlightPerWebhook,
      webhookRooms: this.inFlight.webhookRooms(),
      release: this.inFlight.reserve(total),
    };
  }

  /** Starts an attempt for each delivery whose lease this replica holds. Never throws. */
  dispatch(deliveries: readonly LeasedDelivery[]): void {
    for (const delivery of deliveries) {
      const work = this.mayStart(delivery) ? this.attempt(delivery) : this.giveBack(delivery);
      this.track(work);
    }
  }

  /**
   * Makes one attempt now, however much is in flight, and resolves when it is recorded. Null: the webhook has changed
   * since it was read, and the delivery is canceled.
   */
  async dispatchAlone(delivery: LeasedDelivery): Promise<AttemptRecord | null> {
    let made: AttemptRecord | null = null;
    const work = this.replica.mayStart(delivery.target, delivery.readAt)
      ? this.attempt(delivery, (attempt) => (made = attempt))
      : this.cancel(delivery, 'stopped');
    this.track(work);
    await work;
    return made;
  }

  private mayStart({ target, readAt }: LeasedDelivery): boolean {
    return !this.isStopping && this.inFlight.hasRoomFor(target.webhookId) && this.replica.mayStart(target, readAt);
  }

  private track(work: Promise<void>): void {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.logger.error({
          msg: 'an attempt broke off; its delivery is due again when its lease has ended',
          err: error,
        });
      })
      .finally(() => this.attempts.delete(tracked));
    this.attempts.add(tracked);
  }

  private async attempt(delivery: LeasedDelivery, onEnd?: (attempt: AttemptRecord) => void): Promise<void> {
    const { webhookId } = delivery.target;
    this.inFlight.start(webhookId);
    try {
      const attempt = await this.sender.send(delivery);
      onEnd?.(attempt);
      await this.recorder.record(this.judge(delivery, attempt));
    } finally {
      this.inFlight.end(webhookId);
      if (this.hasBacklog) this.wakeup.wake();
    }
  }

  /** Read under a webhook that has changed, or more than fits: any replica may claim it again at once. */
  private async giveBack(delivery: LeasedDelivery): Promise<void> {
    this.hasBacklog = true;
    const settlement = { kind: 'waiting', inMs: null } as const;
    await this.recorder.record({ delivery, attempt: null, settlement, pauseWebhookMs: null });
    this.wakeup.wake();
  }

  private async cancel(delivery: DeliveryResult['delivery'], reason: CancelReason): Promise<void> {
    const settlement = { kind: 'canceled', reason } as const;
    await this.recorder.record({ delivery, attempt: null, settlement, pauseWebhookMs: null });
  }

  private judge(delivery: LeasedDelivery, attempt: AttemptRecord): DeliveryResult {
    const status = attempt.response?.status;
    const asked =
      status === 429 || status === 503 ? retryAfterMs(attempt.response?.headers['retry-after'], Date.now()) : null;
    return {
      delivery,
      attempt,
      settlement: this.settlementOf(delivery, attempt, asked),
      pauseWebhookMs: status === 429 ? asked : null,
    };
  }

  private settlementOf(delivery: LeasedDelivery, attempt: AttemptRecord, askedMs: number | null): Settlement {
    if (attempt.outcome === 'succeeded') return { kind: 'succeeded' };
    if (delivery.isTest || !delivery.event) return { kind: 'failed' };
    const scheduled = retryDelayMs(delivery.failures + 1, this.config.retryScheduleMs, Math.random());
    return scheduled === null ? { kind: 'failed' } : { kind: 'waiting', inMs: Math.max(scheduled, askedMs ?? 0) };
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const free = this.inFlight.room;
      const isWorthwhile = free >= this.inFlight.limit * WORTHWHILE_SHARE || (free > 0 && this.inFlight.count === 0);
      // Half is left to what is being accepted meanwhile, unless it is known that more waits than fits.
      if (isWorthwhile && (await this.claim(this.hasBacklog ? free : Math.ceil(free / 2)))) continue;
      await this.wakeup.wait(this.lastClaimFailed ? CLAIM_RETRY_MS : POLL_MS);
    }
  }

  /** @returns whether to look again at once. */
  private async claim(room: number): Promise<boolean> {
    const release = this.inFlight.reserve(room);
    // A scan that began in the middle says nothing about the webhooks before: it wraps at once, not at the next poll.
    const hasSkipped = this.scanFrom !== null;
    try {
      const claim = await claimDeliveries(this.dataSource, {
        replicaId: this.replica.id,
        lease: randomUUID(),
        leaseMs: this.leaseMs,
        room,
        roomPerWebhook: this.config.inFlightPerWebhook,
        webhookRooms: this.inFlight.webhookRooms(),
        after: this.scanFrom,
      });
      release();
      this.lastClaimFailed = false;
      this.scanFrom = claim.after;
      this.dispatch(claim.deliveries);
      for (const { delivery, reason } of claim.canceled) this.track(this.cancel(delivery, reason));
      const isUnfinished = claim.deliveries.length + claim.canceled.length > 0 || claim.after !== null || hasSkipped;
      this.hasBacklog = isUnfinished || claim.isHeldBack;
      return isUnfinished;
    } catch (error) {
      release();
      if (!this.lastClaimFailed)
        this.logger.error({ msg: 'due deliveries could not be claimed; trying again', err: error });
      this.lastClaimFailed = true;
      return false;
    }
  }
}
