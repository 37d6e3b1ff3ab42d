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
import { type LeaseHolder, Replica } from './replica.js';
import { Wakeup } from './wakeup.js';

/** Beyond the deadline of the attempt: what recording its result may take before the lease ends. */
const RECORDING_BUDGET_MS = 30_000;

/**
 * The least time between two claims while little is free, or much has not started. There must be claims even then: endpoints
 * that hang may leave less free than is worth a statement, and accepting may always have something to start.
 */
const CLAIM_WHEN_FULL_MS = 50;

/** How long accepting waits for room, and for what share of the limit at most. Endpoints that hang leave that much. */
const ACCEPT_PATIENCE_MS = 100;
const WANTED_SHARE = 1 / 4;
/** The share of the room that accepting counts on: each webhook has to leave as much free as it takes. */
const FITTING_SHARE = 15 / 16;
/** Deliveries that one statement makes without room: bounds how long it takes, about 0.2 s. */
export const DELIVERIES_WITHOUT_ROOM = 5_000;
/**
 * What is claimed at once beside small publishers, and how many may wait for their start then. Each garbage collection copies
 * what waits: with 960 waiting it took 9 ms, with so few 6.5 ms.
 */
const CLAIM_BESIDE_SMALL = { deliveries: 200, unstarted: 64 };
/** The share of the free slots that a claim leaves to events that are accepted while it runs. */
const CLAIM_LEAVES_SHARE = 1 / 16;

/** Places that are set aside for one statement. */
export interface Reservation extends LeaseGrant {
  /** To be called when what the statement leased has been dispatched, or when it failed. */
  release: () => void;
}

/**
 * Counts what this replica has in flight, and says how much more a statement may lease to it. Accepting, which leases what
 * it stores, and claiming reserve places here before they run, and release them when they have run.
 */
@Injectable()
export class DeliveryCapacity implements LeaseHolder {
  private readonly inFlight: InFlight;
  private readonly leases = new OpenLeases();
  private readonly backlog = new Backlog();
  /** Ends the claimer's wait: room was made, or something became due. */
  private readonly claimerWakeup = new Wakeup();
  /** Ends the waits of the intake: room was made. */
  private readonly intakeWakeup = new Wakeup();
  private readonly knownTargets = new KnownTargets();
  private readonly leaseMs: number;
  /** `performance.now()` of when places were last reserved for a claim. */
  private lastClaimAt = -Infinity;
  /** Attempts in flight that the event loop has not started yet. */
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

  /** How many attempts this replica makes at once. */
  get limit(): number {
    return this.inFlight.limit;
  }

  /** How many more could start now. */
  get free(): number {
    return this.inFlight.room;
  }

  /** How many more could start now in these environments together. */
  freeFor(environmentIds: readonly string[]): number {
    return this.inFlight.roomOf(environmentIds);
  }

  /** How many were admitted and have not started. */
  get unstarted(): number {
    return this.unstartedAttempts;
  }

  /** Whether nothing more is reserved or admitted. */
  get isClosed(): boolean {
    return this.hasClosed;
  }

  /** Whether a statement is under way that may lease deliveries. */
  get isReserved(): boolean {
    return this.inFlight.isReserved;
  }

  /** From now on nothing more is reserved or admitted. */
  close(): void {
    this.hasClosed = true;
  }

  /**
   * Something became due: the claimer looks now, not at the next poll.
   *
   * @param webhookIds whose it is, where that is known: looking is in vain when all of them are held back anyway.
   */
  nudge(webhookIds?: readonly string[]): void {
    if (webhookIds?.every((id) => this.backlog.isHeldBack(id))) return;
    this.claimerWakeup.wake();
  }

  /** Resolves when there is a reason to claim, or after so many milliseconds. */
  waitForNudge(timeoutMs: number): Promise<void> {
    return this.claimerWakeup.wait(timeoutMs);
  }

  /** The leases under which deliveries are held here, and those that statements under way may give. */
  openLeases(): string[] {
    return this.leases.list();
  }

  /** The lease is in use by one more. */
  holdLease(lease: string): void {
    this.leases.hold(lease);
  }

  /** The lease is in use by one less. */
  dropLease(lease: string): void {
    this.leases.drop(lease);
  }

  /**
   * How many deliveries to make now in these environments: as many as are likely to find room. Waits up to 100 ms until that
   * is worth a statement; then up to 5,000 are made all the same, and what finds no room has to be claimed, which costs
   * more than accepting it.
   *
   * @param waiting how many there are to make: 1 or more.
   */
  async waitForRoom(environmentIds: readonly string[], waiting: number): Promise<number> {
    const wanted = Math.min(waiting, this.inFlight.limit * WANTED_SHARE);
    for (const deadline = performance.now() + ACCEPT_PATIENCE_MS; !this.hasClosed;) {
      const fitting = this.inFlight.roomOf(environmentIds) * FITTING_SHARE;
      if (fitting >= wanted) return fitting;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await this.intakeWakeup.wait(leftMs);
    }
    return DELIVERIES_WITHOUT_ROOM;
  }

  /**
   * Places for deliveries that are about to be accepted in these environments. What waits already gets its half, however much
   * is accepted.
   */
  reserveForIntake(environmentIds: readonly string[]): Reservation {
    const free = this.inFlight.roomOf(environmentIds);
    return this.reserve(this.hasClosed ? 0 : this.backlog.isBeyondSlots ? free >> 1 : free);
  }

  /** The same for small publishers, which do not keep what waits from its half. */
  reserveForSmall(environmentIds: readonly string[]): Reservation {
    return this.reserve(this.hasClosed ? 0 : Math.min(FEW_DELIVERIES, this.inFlight.roomOf(environmentIds)));
  }

  /**
   * Places for a claim, or null when it is not worth one now. Half of what is free is left to what is being accepted
   * meanwhile; a little, when it is known that more waits than fits.
   *
   * @param isNewRound the claim starts again at the first webhook.
   */
  reserveForClaim(isNewRound: boolean): Reservation | null {
    const free = this.inFlight.room;
    if (this.hasClosed || !this.replica.isSeen) return null;
    const isBesideSmall = this.smallPublishers.areActive();
    const isMuchUnstarted = isBesideSmall && this.unstartedAttempts > CLAIM_BESIDE_SMALL.unstarted;
    const mayWait = isMuchUnstarted || !this.inFlight.isWorthFilling;
    const now = performance.now();
    if (free === 0 || (mayWait && now - this.lastClaimAt < CLAIM_WHEN_FULL_MS)) {
      // Something may be due that cannot be looked for: without this, accepting would take every slot that gets free.
      this.backlog.isBeyondSlots = true;
      return null;
    }
    this.lastClaimAt = now;
    this.backlog.claimBegins(isNewRound);
    const share = Math.ceil(free * (this.backlog.isBeyondSlots ? 1 - CLAIM_LEAVES_SHARE : 1 / 2));
    return this.reserve(isBesideSmall ? Math.min(share, CLAIM_BESIDE_SMALL.deliveries) : share);
  }

  /**
   * @param heldBack webhooks of which something is due that the claim could not give them.
   * @param isMoreDue the claim left more than fitted, or did not come to the last webhook.
   * @returns whether to claim again at once.
   */
  claimEnded(heldBack: readonly string[], isMoreDue: boolean): boolean {
    this.backlog.isBeyondSlots = isMoreDue;
    return this.backlog.holdBack(heldBack).some((id) => this.inFlight.isWorthFillingFor(id)) || isMoreDue;
  }

  /**
   * A lease of its own, and so many places that nobody else gets.
   *
   * @param total 0: for deliveries that are to be claimed, or that are made beyond the limits.
   */
  reserve(total: number): Reservation {
    // Version 7: the rescue tells by it which leases are younger than its list of them, by a clock that nobody sets.
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
   * Takes a slot for the delivery, and holds its lease, which `dropLease` gives back.
   *
   * @returns false where its webhook has as many in flight as it may have, or nothing more may start.
   */
  admit({ lease, target }: { lease: string; target: Slot }): boolean {
    if (this.hasClosed || !this.inFlight.hasRoomFor(target.webhookId)) return false;
    this.inFlight.start(target);
    this.leases.hold(lease);
    this.unstartedAttempts += 1;
    return true;
  }

  /** An admitted delivery comes to its start. */
  attemptStarts(): void {
    this.unstartedAttempts -= 1;
    if (this.unstartedAttempts === CLAIM_BESIDE_SMALL.unstarted && this.backlog.isBeyondSlots) this.nudge();
  }

  /** The end of an attempt is a reason to look when what waits was waiting for its slot. */
  attemptEnded(slot: Slot): void {
    const { webhookId } = slot;
    this.inFlight.end(slot);
    this.intakeWakeup.wake();
    this.backlog.attemptEnded(webhookId);
    const isAwaited = this.backlog.isHeldBack(webhookId) && this.inFlight.isWorthFillingFor(webhookId);
    if (isAwaited || this.backlog.isBeyondSlots) this.nudge();
  }

  /** A delivery goes back to the queue without an attempt: what is due there is more than the slots could take. */
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
