import { Injectable } from '@nestjs/common';
import { monotonicMs } from './monotonic-time.js';
import { uuidV7 } from '../../common/uuid-v7.js';
import { Config } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { FEW_DELIVERIES, SmallPublishers } from '../intake/small-publishers.js';
import type { LeaseGrant } from '../queue/lease-grant.js';
import { Backlog } from './backlog.js';
import { InFlight, type Slot } from './in-flight.js';
import { KnownTargets } from './known-targets.js';
import { OpenLeases } from './open-leases.js';
import { Replica } from './replica.js';
import { Wakeup } from './wakeup.js';

/** A lease outlasts the attempt's deadline by this, the time to record the result. */
const RECORDING_BUDGET_MS = 30_000;

/**
 * The least time between two claims while little is free or much has not started. Endpoints that hang and a busy intake
 * can keep it so, and claims must still come.
 */
const CLAIM_WHEN_FULL_MS = 50;

/**
 * How long accepting waits for room, and for what share of the limit at most. Endpoints that hang leave that much free.
 */
const ACCEPT_PATIENCE_MS = 100;
const WANTED_SHARE = 1 / 4;
/**
 * While more has not started, the process is what is slow, and its webhooks' slots are taken by what waits for its start:
 * what was accepted then would have to be claimed.
 */
const UNSTARTED_SHARE = 1 / 8;
/** What is worth a statement when the patience is over. */
const LEAST_SHARE = 1 / 8;
/** The share of the room that accepting counts on: each webhook must leave as much free as it takes. */
const FITTING_SHARE = 15 / 16;
/** Deliveries that one statement makes without room: it takes about 0.2 s. */
export const DELIVERIES_WITHOUT_ROOM = 5_000;
/**
 * Beside small publishers: how much one claim takes, and how many may wait for their start. Garbage collection copies
 * what waits: 9 ms with 960 waiting, 6.5 ms with 64.
 */
const CLAIM_BESIDE_SMALL = { deliveries: 200, unstarted: 64 };
/**
 * The share of the free slots that a claim takes. Half is left to events that may be accepted meanwhile: one that finds
 * no slot waits behind the backlog. If none came lately, and more is due than the slots can take, a claim takes nearly all.
 */
const CLAIM_SHARE = { usual: 1 / 2, alone: 15 / 16 };
/** So long after the last event there may be another. */
const INTAKE_MEMORY_MS = 1_000;

export interface Reservation extends LeaseGrant {
  /** To be called after the leased deliveries are dispatched, or when the statement failed. */
  release: () => void;
}

/**
 * Counts what this replica has in flight. Statements that lease, for accepting and for claiming, reserve places here
 * before they run, and release them afterwards.
 */
@Injectable()
export class DeliveryCapacity {
  private readonly inFlight: InFlight;
  private readonly leases = new OpenLeases();
  private readonly backlog = new Backlog();
  private readonly claimerWakeup = new Wakeup();
  private readonly intakeWakeup = new Wakeup();
  private readonly knownTargets = new KnownTargets();
  private readonly leaseMs: number;
  private lastClaimAt = -Infinity;
  private lastIntakeAt = -Infinity;
  private unstartedAttempts = 0;
  private hasClosed = false;

  constructor(
    config: Config,
    private readonly replica: Replica,
    private readonly smallPublishers: SmallPublishers,
    metrics: Metrics,
  ) {
    this.inFlight = new InFlight(config.inFlightLimit, config.inFlightPerWebhook);
    this.leaseMs = config.attemptTimeoutMs + RECORDING_BUDGET_MS;
    metrics.gauge('deliveriesInFlight', {}, () => this.inFlight.count);
    metrics.gauge('deliveriesInFlightLimit', {}, () => this.inFlight.limit);
  }

  get limit(): number {
    return this.inFlight.limit;
  }

  get free(): number {
    return this.inFlight.room;
  }

  freeFor(environmentIds: readonly string[]): number {
    return this.inFlight.roomOf(environmentIds);
  }

  get unstarted(): number {
    return this.unstartedAttempts;
  }

  get isClosed(): boolean {
    return this.hasClosed;
  }

  get isReserved(): boolean {
    return this.inFlight.isReserved;
  }

  close(): void {
    this.hasClosed = true;
  }

  /**
   * Something became due: the claimer looks now, not at the next poll.
   *
   * @param webhookIds whose it is, if that is known. Webhooks that are held back are no reason to look.
   */
  nudge(webhookIds?: readonly string[]): void {
    if (webhookIds?.every((id) => this.backlog.isHeldBack(id))) return;
    this.claimerWakeup.wake();
  }

  waitForNudge(timeoutMs: number): Promise<void> {
    return this.claimerWakeup.wait(timeoutMs);
  }

  openLeases(): string[] {
    return this.leases.list();
  }

  holdLease(lease: string): void {
    this.leases.hold(lease);
  }

  dropLease(lease: string): void {
    this.leases.drop(lease);
  }

  /**
   * How many deliveries to make now: as many as are likely to find room. Waits up to 100 ms until that is worth a
   * statement. When hardly any room is left then, endpoints hang, and it answers 5,000. What finds no room has to be
   * claimed, which costs more than accepting it.
   *
   * @param waiting how many there are to make: 1 or more.
   */
  async waitForRoom(environmentIds: readonly string[], waiting: number): Promise<number> {
    const wanted = Math.min(waiting, this.inFlight.limit * WANTED_SHARE);
    for (const deadline = performance.now() + ACCEPT_PATIENCE_MS; !this.hasClosed;) {
      const fitting = this.intakeRoom(environmentIds) * FITTING_SHARE;
      if (fitting >= wanted && this.unstartedAttempts <= this.inFlight.limit * UNSTARTED_SHARE) return fitting;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 && fitting >= this.inFlight.limit * LEAST_SHARE) return fitting;
      if (leftMs <= 0) break;
      await this.intakeWakeup.wait(leftMs);
    }
    return DELIVERIES_WITHOUT_ROOM;
  }

  reserveForIntake(environmentIds: readonly string[]): Reservation {
    this.lastIntakeAt = performance.now();
    return this.reserve(this.hasClosed ? 0 : this.intakeRoom(environmentIds));
  }

  /** While more is due than the slots can take, half of the room is left to that. */
  private intakeRoom(environmentIds: readonly string[]): number {
    const free = this.inFlight.roomOf(environmentIds);
    return this.backlog.isBeyondSlots ? free >> 1 : free;
  }

  /** The same for small publishers, which take few places and leave no half. */
  reserveForSmall(environmentIds: readonly string[]): Reservation {
    this.lastIntakeAt = performance.now();
    return this.reserve(this.hasClosed ? 0 : Math.min(FEW_DELIVERIES, this.inFlight.roomOf(environmentIds)));
  }

  /**
   * Places for a claim; null when none is worth it now. Half of what is free is left to accepting, or a little while
   * nothing is accepted and more is due than the slots can take.
   */
  reserveForClaim(isNewRound: boolean): Reservation | null {
    const free = this.inFlight.room;
    if (this.hasClosed || !this.replica.isSeen) return null;
    const isBesideSmall = this.smallPublishers.areActive();
    const isMuchUnstarted = isBesideSmall && this.unstartedAttempts > CLAIM_BESIDE_SMALL.unstarted;
    const mayWait = isMuchUnstarted || !this.inFlight.isWorthFilling;
    const now = performance.now();
    if (free === 0 || (mayWait && now - this.lastClaimAt < CLAIM_WHEN_FULL_MS)) {
      // Something may be due, and nobody may look. Without this, accepting would take every slot that becomes free.
      this.backlog.isBeyondSlots = true;
      return null;
    }
    this.lastClaimAt = now;
    this.backlog.claimBegins(isNewRound);
    const isAlone = this.backlog.isBeyondSlots && now - this.lastIntakeAt > INTAKE_MEMORY_MS;
    const share = Math.ceil(free * (isAlone ? CLAIM_SHARE.alone : CLAIM_SHARE.usual));
    return this.reserve(isBesideSmall ? Math.min(share, CLAIM_BESIDE_SMALL.deliveries) : share);
  }

  /**
   * @param heldBack webhooks that have more due than the claim could give them.
   * @param isMoreDue the claim left more than fitted, or did not come to the last webhook.
   * @returns whether to claim again at once.
   */
  claimEnded(heldBack: readonly string[], isMoreDue: boolean): boolean {
    this.backlog.isBeyondSlots = isMoreDue;
    return this.backlog.holdBack(heldBack).some((id) => this.inFlight.isWorthFillingFor(id)) || isMoreDue;
  }

  /**
   * A new lease, and so many places that nobody else gets.
   *
   * @param total 0 for deliveries that will be claimed, or that are beyond the limits.
   */
  reserve(total: number): Reservation {
    // Version 7, by a clock that nobody sets: the rescue tells by it which leases are younger than its list of them.
    const lease = uuidV7(monotonicMs());
    const perWebhook = this.inFlight.idleWebhookRoom;
    const webhookRooms = this.inFlight.webhookRooms();
    const perEnvironment = this.inFlight.idleEnvironmentRoom;
    const environmentRooms = this.inFlight.environmentRooms();
    const release = this.inFlight.reserve(total);
    this.leases.hold(lease);
    return {
      lease,
      replicaId: this.replica.id,
      leaseMs: this.leaseMs,
      total,
      perWebhook,
      webhookRooms,
      perEnvironment,
      environmentRooms,
      webhookCounts: this.inFlight.webhookCounts(),
      knownTargets: this.knownTargets,
      release: () => {
        release();
        this.leases.drop(lease);
        this.intakeWakeup.wake();
      },
    };
  }

  /**
   * Takes a slot for the delivery and holds its lease, until `dropLease`.
   *
   * @returns false when its webhook has no room left, or nothing more may start.
   */
  admit({ lease, target }: { lease: string; target: Slot }): boolean {
    if (this.hasClosed || !this.inFlight.hasRoomFor(target.webhookId)) return false;
    this.inFlight.take(target);
    this.leases.hold(lease);
    this.unstartedAttempts += 1;
    return true;
  }

  /** Whether what was admitted may start, or is leased ahead and waits for the end of another attempt to its webhook. */
  mayStart(webhookId: string): boolean {
    return this.inFlight.mayStart(webhookId);
  }

  attemptStarts(slot: Slot): void {
    this.inFlight.attemptStarts(slot);
  }

  /** An admitted one starts, or waits for others to end. */
  leftReady(): void {
    this.unstartedAttempts -= 1;
    if (this.unstartedAttempts === Math.floor(this.inFlight.limit * UNSTARTED_SHARE)) this.intakeWakeup.wake();
    if (this.unstartedAttempts === CLAIM_BESIDE_SMALL.unstarted && this.backlog.isBeyondSlots) this.nudge();
  }

  /** Until attempts to the webhook succeed again. */
  leaseNothingAhead(webhookId: string): void {
    this.inFlight.forgetSuccesses(webhookId);
  }

  attemptEnded(slot: Slot, isQuickSuccess: boolean): void {
    const { webhookId } = slot;
    this.inFlight.end(slot, isQuickSuccess);
    this.intakeWakeup.wake();
    this.backlog.attemptEnded(webhookId);
    const isAwaited = this.backlog.isHeldBack(webhookId) && this.inFlight.isWorthFillingFor(webhookId);
    if (isAwaited || this.backlog.isBeyondSlots) this.nudge();
  }

  /** A delivery goes back to the queue without an attempt: more is due than the slots can take. */
  attemptPutOff(): void {
    this.backlog.isBeyondSlots = true;
  }

  recordingBegins(): void {
    this.inFlight.recordingBegins();
  }

  recordingEnds(): void {
    this.inFlight.recordingEnds();
  }
}
