import { Injectable, Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { uuidV7 } from '../../common/uuid-v7.js';
import { Config } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type {
  AttemptRecord,
  CancelReason,
  DeliveryResult,
  LeasedDelivery,
  SettledDelivery,
} from '../delivery.types.js';
import { DeliverySender } from '../sending/delivery-sender.js';
import { Backlog } from './backlog.js';
import { InFlight } from './in-flight.js';
import { readRevisions } from '../queue/read-revisions.js';
import { judgeAttempt, unattempted } from './judge-attempt.js';
import { KnownTargets } from './known-targets.js';
import { OpenLeases } from './open-leases.js';
import { Replica } from './replica.js';
import { ResultRecorder } from './result-recorder.js';
import { Wakeup } from './wakeup.js';

/** How often a dispatcher that stops looks whether it is done. */
const DRAIN_POLL_MS = 10;

/** Beyond the deadline of the attempt: what recording its result may take before the lease ends. */
const RECORDING_BUDGET_MS = 30_000;

/**
 * While little is free, claims are at least this far apart. Without them nothing would be claimed when hanging endpoints
 * leave less free than is worth a statement.
 */
const CLAIM_WHEN_FULL_MS = 50;

/** How long accepting waits for room, and for which share of the limit at most: endpoints that hang leave that much. */
const ACCEPT_PATIENCE_MS = 100;
const WANTED_SHARE = 1 / 4;

/**
 * Attempts started in one turn of the event loop. Between turns answers come in: to receivers that answer quickly few
 * connections are open then. With 1,024 open at once, sending took 51 µs a request; with 64 it took 32.
 */
const STARTS_PER_TURN = 32;

/** What a statement may lease to this replica. */
export interface Room {
  lease: string;
  replicaId: string;
  leaseMs: number;
  /** Deliveries of all webhooks together. */
  total: number;
  /** Deliveries of one webhook, where `webhookRooms` does not say otherwise. */
  perWebhook: number;
  webhookRooms: ReadonlyMap<string, number>;
  /** Deliveries in flight here, by webhook. */
  webhookCounts: ReadonlyMap<string, number>;
  /** Webhooks that need not be read when their revision is still the same. */
  knownTargets: KnownTargets;
  /** To be called when what the statement leased has been dispatched, or when it failed. */
  release: () => void;
}

/**
 * Makes the attempts that this replica holds leases for: those that its own intake leased as they were accepted, and
 * those that `DeliveryClaimer` claims whenever there is room.
 */
@Injectable()
export class DeliveryDispatcher {
  private readonly logger = new Logger(DeliveryDispatcher.name);
  private readonly inFlight: InFlight;
  private readonly leaseMs: number;
  private readonly leases = new OpenLeases();
  /** In flight, and to be started in this or one of the next turns of the event loop. */
  private readonly ready: LeasedDelivery[] = [];
  private isTurnScheduled = false;
  /** Deliveries whose results are not recorded yet. */
  private unsettled = 0;
  private isStopping = false;
  /** Ends the claimer's wait: room was made, or something became due. */
  readonly wakeup = new Wakeup();
  /** Ends the intake's wait: room was made. */
  private readonly attemptEnds = new Wakeup();
  readonly backlog = new Backlog();
  private readonly knownTargets = new KnownTargets();
  /** `performance.now()` of when room was last given to a claim. */
  private lastClaimAt = -Infinity;

  constructor(
    private readonly dataSource: DataSource,
    private readonly config: Config,
    private readonly replica: Replica,
    private readonly sender: DeliverySender,
    private readonly recorder: ResultRecorder,
    private readonly deliveryMetrics: DeliveryMetrics,
    metrics: Metrics,
  ) {
    this.inFlight = new InFlight(config.inFlightLimit, config.inFlightPerWebhook);
    metrics.gauge('deliveriesInFlight', {}, () => this.inFlight.count);
    metrics.gauge('deliveriesInFlightLimit', {}, () => this.inFlight.limit);
    this.leaseMs = config.attemptTimeoutMs + RECORDING_BUDGET_MS;
  }

  /** No attempt starts from now on; resolves when every one under way has ended and is recorded. */
  async stop(): Promise<void> {
    this.isStopping = true;
    // A statement that set room aside before may still lease deliveries to this replica: they are given back.
    while (this.unsettled > 0 || this.inFlight.isReserved) await delay(DRAIN_POLL_MS);
  }

  /**
   * Something became due: look now instead of at the next poll.
   *
   * @param webhookIds whose it is, where that is known: looking is in vain when all of them are held back anyway.
   */
  nudge(webhookIds?: readonly string[]): void {
    if (webhookIds?.every((id) => this.backlog.isHeldBack(id))) return;
    this.wakeup.wake();
  }

  /** The leases that statements under way may give and that deliveries here are held by. */
  openLeases(): string[] {
    return this.leases.list();
  }

  /**
   * Resolves when the deliveries of so many events are likely to find room, or after 100 ms. Accepting that runs ahead of
   * sending makes deliveries that have to be claimed, which costs as much as accepting them: so it slows down a little.
   */
  async roomToAccept(events: number): Promise<void> {
    const wanted = Math.min(events, this.inFlight.limit * WANTED_SHARE);
    for (const deadline = performance.now() + ACCEPT_PATIENCE_MS; !this.isStopping;) {
      const leftMs = deadline - performance.now();
      if (this.inFlight.room >= wanted || leftMs <= 0) return;
      await this.attemptEnds.wait(leftMs);
    }
  }

  /** Room for deliveries that are about to be accepted. What waits already gets its half, however much is accepted. */
  reserveForIntake(): Room {
    const free = this.inFlight.room;
    return this.reserve(this.isStopping ? 0 : this.backlog.isBeyondSlots ? free >> 1 : free);
  }

  /**
   * Room for a claim, or null when it is not worth one now. Half of what is free is left to what is being accepted
   * meanwhile, unless it is known that more waits than fits.
   */
  reserveForClaim(): Room | null {
    const free = this.inFlight.room;
    if (this.isStopping || !this.replica.isSeen) return null;
    const now = performance.now();
    if (free === 0 || (!this.inFlight.isWorthFilling && now - this.lastClaimAt < CLAIM_WHEN_FULL_MS)) {
      // Something may be due that cannot be looked for: without this, accepting would take every slot that gets free.
      this.backlog.isBeyondSlots = true;
      return null;
    }
    this.lastClaimAt = now;
    return this.reserve(this.backlog.isBeyondSlots ? free : Math.ceil(free / 2));
  }

  /** A lease for deliveries beyond the limits. */
  reserveNothing(): Room {
    return this.reserve(0);
  }

  /** Has an attempt made for each delivery, or gives it back. Never throws. */
  dispatch(deliveries: readonly LeasedDelivery[]): void {
    for (const delivery of deliveries) {
      const { webhookId } = delivery.target;
      if (this.isStopping || !this.inFlight.hasRoomFor(webhookId)) {
        this.giveBack(delivery);
      } else {
        this.inFlight.start(webhookId);
        this.leases.hold(delivery.lease);
        this.unsettled += 1;
        this.ready.push(delivery);
      }
    }
    if (!this.isTurnScheduled) this.startReady();
  }

  /**
   * Makes one attempt now, apart from the limits, and resolves when it is recorded. Null: the webhook has changed since
   * it was read, and the delivery is canceled.
   */
  async dispatchAlone(delivery: LeasedDelivery): Promise<AttemptRecord | null> {
    if (this.permitOf(delivery) !== 'allowed') {
      await this.settle(unattempted(delivery, { kind: 'canceled', reason: 'stopped' }));
      return null;
    }
    this.leases.hold(delivery.lease);
    this.unsettled += 1;
    try {
      const result = await this.attempt(delivery);
      await this.settle(result);
      return result.attempt;
    } finally {
      this.leases.drop(delivery.lease);
      this.unsettled -= 1;
    }
  }

  /** Settles a delivery that is not to be attempted: its webhook no longer receives. */
  cancel(delivery: SettledDelivery, reason: CancelReason): void {
    this.inBackground(this.settle(unattempted(delivery, { kind: 'canceled', reason })));
  }

  private reserve(total: number): Room {
    // Version 7: the rescue tells by it which leases are younger than its list of them.
    const lease = uuidV7();
    const perWebhook = this.inFlight.idleWebhookRoom;
    const webhookRooms = this.inFlight.webhookRooms();
    const release = this.inFlight.reserve(total);
    this.leases.hold(lease);
    return {
      lease,
      replicaId: this.replica.id,
      leaseMs: this.leaseMs,
      total,
      perWebhook,
      webhookRooms,
      webhookCounts: this.inFlight.webhookCounts(),
      knownTargets: this.knownTargets,
      release: () => {
        release();
        this.leases.drop(lease);
      },
    };
  }

  private startReady(): void {
    this.isTurnScheduled = false;
    const late: LeasedDelivery[] = [];
    for (const delivery of this.ready.splice(0, STARTS_PER_TURN)) {
      const permit = this.permitOf(delivery);
      if (permit === 'late') late.push(delivery);
      else this.carryOut(delivery, permit === 'allowed' ? this.attempt(delivery) : this.notNow(delivery));
    }
    if (late.length > 0) this.reread(late);
    if (this.ready.length === 0) return;
    this.isTurnScheduled = true;
    setImmediate(() => this.startReady());
  }

  private permitOf({ target, readAt }: LeasedDelivery): ReturnType<Replica['permitOf']> {
    if (this.isStopping || !this.replica.isSeen) return 'superseded';
    return this.replica.permitOf(target, readAt);
  }

  private carryOut(delivery: LeasedDelivery, attempt: DeliveryResult | Promise<DeliveryResult>): void {
    this.inBackground(this.finish(delivery, attempt));
  }

  /** Ends the delivery's time in flight with its attempt, and its lease's with the record of what came of it. */
  private async finish(
    { lease, target }: LeasedDelivery,
    attempt: DeliveryResult | Promise<DeliveryResult>,
  ): Promise<void> {
    try {
      await this.record(await this.inFlightUntil(attempt, target.webhookId));
    } finally {
      this.leases.drop(lease);
      this.unsettled -= 1;
    }
  }

  private async inFlightUntil<T>(end: T | Promise<T>, webhookId: string): Promise<T> {
    try {
      return await end;
    } finally {
      this.endInFlight(webhookId);
    }
  }

  private inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.logger.error({ msg: 'an attempt broke off; its delivery is due again soon', err: error });
    });
  }

  /** The end of an attempt is a reason to look when what waits was waiting for its slot. */
  private endInFlight(webhookId: string): void {
    this.inFlight.end(webhookId);
    this.attemptEnds.wake();
    this.backlog.attemptEnded(webhookId);
    const isAwaited = this.backlog.isHeldBack(webhookId) && this.inFlight.isWorthFillingFor(webhookId);
    if (isAwaited || this.backlog.isBeyondSlots) this.wakeup.wake();
  }

  /** Never rejects. */
  private async record(result: DeliveryResult): Promise<void> {
    this.inFlight.unrecorded += 1;
    await this.recorder.record(result);
    this.inFlight.unrecorded -= 1;
  }

  /** Records what becomes of a delivery that is not in flight. Never rejects. */
  private async settle(result: DeliveryResult): Promise<void> {
    const { lease } = result.delivery;
    this.leases.hold(lease);
    this.unsettled += 1;
    await this.record(result);
    this.leases.drop(lease);
    this.unsettled -= 1;
  }

  private async attempt(delivery: LeasedDelivery): Promise<DeliveryResult> {
    const attempt = await this.sender.send(delivery);
    this.deliveryMetrics.attempted(delivery, attempt);
    const { retryScheduleMs } = this.config;
    return judgeAttempt(delivery, attempt, { retryScheduleMs, nowMs: Date.now(), random: Math.random() });
  }

  private giveBack(delivery: LeasedDelivery): void {
    this.inBackground(this.settle(this.notNow(delivery)).then(() => this.wakeup.wake()));
  }

  /** Read under a webhook that has changed, or more than fits: any replica may claim it again at once. */
  private notNow(delivery: LeasedDelivery): DeliveryResult {
    this.backlog.isBeyondSlots = true;
    return unattempted(delivery, { kind: 'waiting', inMs: null });
  }

  /**
   * The statement that leased these took so long that their webhooks may have changed meanwhile. Asking for the
   * revisions alone is quick also when the database is slow; claiming them again would be as slow as the first time.
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
