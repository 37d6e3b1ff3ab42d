import { Injectable } from '@nestjs/common';
import { monotonicMs } from '../../common/monotonic-time.js';
import { uuidV7 } from '../../common/uuid-v7.js';
import { Config } from '../../config/config.js';
import { Metrics } from '../../metrics/metrics.js';
import { Backlog } from './backlog.js';
import { InFlight, type Slot } from './in-flight.js';
import { KnownTargets } from './known-targets.js';
import { OpenLeases } from './open-leases.js';
import { Replica } from './replica.js';
import { Wakeup } from './wakeup.js';

/** Beyond the deadline of the attempt: what recording its result may take before the lease ends. */
const RECORDING_BUDGET_MS = 30_000;

/**
 * While little is free, or much has not started, claims are at least this far apart. Without them nothing would be claimed when
 * hanging endpoints leave less free than is worth a statement, or when accepting always has something to start.
 */
const CLAIM_WHEN_FULL_MS = 50;

/** How long accepting waits for room, and for which share of the limit at most: endpoints that hang leave that much. */
const ACCEPT_PATIENCE_MS = 100;
const WANTED_SHARE = 1 / 4;
/** Of the room, what is counted on: webhooks get their places in turn, and the last of each has to leave as much free. */
const FITTING_SHARE = 15 / 16;
/** Deliveries that one statement makes without room: bounds how long it takes, about 0.2 s. */
export const DELIVERIES_WITHOUT_ROOM = 5_000;
/**
 * What is claimed at once while environments that publish little publish, and how many may wait for their start then. What is
 * leased and waits is young memory that each collection copies: with 960 waiting those took 9 ms each, and 6.5 with so few.
 */
const CLAIM_BESIDE_LITTLE = { deliveries: 200, unstarted: 64 };
/** Of what is free, what a claim leaves to events that are accepted while it runs. */
const CLAIM_LEAVES_SHARE = 1 / 16;

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
  /** Deliveries of all webhooks of one environment, where `environmentRooms` does not say otherwise. */
  perEnvironment: number;
  environmentRooms: ReadonlyMap<string, number>;
  /** Deliveries in flight here, by webhook. */
  webhookCounts: ReadonlyMap<string, number>;
  /** Webhooks that need not be read when their revision is still the same. */
  knownTargets: KnownTargets;
  /** To be called when what the statement leased has been dispatched, or when it failed. */
  release: () => void;
}

/**
 * Keeps count of what this replica has in flight, and says how much more a statement may lease to it: accepting, which
 * leases what it stores, and claiming take room from here before they run, and give it back when they have run.
 */
@Injectable()
export class RoomKeeper {
  readonly inFlight: InFlight;
  readonly leases = new OpenLeases();
  readonly backlog = new Backlog();
  /** Ends the claimer's wait: room was made, or something became due. */
  readonly wakeup = new Wakeup();
  /** Ends the waits of the intake: room was made. */
  private readonly roomIsMade = new Wakeup();
  private readonly knownTargets = new KnownTargets();
  private readonly leaseMs: number;
  /** `performance.now()` of when room was last given to a claim. */
  private lastClaimAt = -Infinity;
  /** No room is given any more. */
  isClosed = false;
  /** Whether an environment that publishes little publishes now, be it the only one; the intake, which knows, sets it. */
  isBesideLittle: () => boolean = () => false;

  constructor(
    config: Config,
    private readonly replica: Replica,
    metrics: Metrics,
  ) {
    this.inFlight = new InFlight(config.inFlightLimit, config.inFlightPerWebhook);
    this.leaseMs = config.attemptTimeoutMs + RECORDING_BUDGET_MS;
    metrics.gauge('deliveriesInFlight', {}, () => this.inFlight.count);
    metrics.gauge('deliveriesInFlightLimit', {}, () => this.inFlight.limit);
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
   * How many deliveries to make now in these environments: as many as are likely to find room. Waits up to 100 ms until that
   * is worth a statement; then up to 5,000 are made all the same, and what finds no room has to be claimed, which costs
   * more than accepting it.
   *
   * @param waiting how many there are to make: 1 or more.
   */
  async roomToAccept(environmentIds: readonly string[], waiting: number): Promise<number> {
    const wanted = Math.min(waiting, this.inFlight.limit * WANTED_SHARE);
    for (const deadline = performance.now() + ACCEPT_PATIENCE_MS; !this.isClosed;) {
      const fitting = this.inFlight.roomOf(environmentIds) * FITTING_SHARE;
      if (fitting >= wanted) return fitting;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) break;
      await this.roomIsMade.wait(leftMs);
    }
    return DELIVERIES_WITHOUT_ROOM;
  }

  /**
   * Room for deliveries that are about to be accepted in these environments. What waits already gets its half, however much
   * is accepted.
   */
  reserveForIntake(environmentIds: readonly string[]): Room {
    const free = this.inFlight.roomOf(environmentIds);
    return this.reserve(this.isClosed ? 0 : this.backlog.isBeyondSlots ? free >> 1 : free);
  }

  /** The same for environments that publish little, which does not keep what waits from its half. */
  reserveForLittle(environmentIds: readonly string[], most: number): Room {
    return this.reserve(this.isClosed ? 0 : Math.min(most, this.inFlight.roomOf(environmentIds)));
  }

  /**
   * Room for a claim, or null when it is not worth one now. Half of what is free is left to what is being accepted
   * meanwhile; a little, when it is known that more waits than fits.
   */
  reserveForClaim(): Room | null {
    const free = this.inFlight.room;
    if (this.isClosed || !this.replica.isSeen) return null;
    const isBesideLittle = this.isBesideLittle();
    const isMuchUnstarted = isBesideLittle && this.inFlight.unstarted > CLAIM_BESIDE_LITTLE.unstarted;
    const mayWait = isMuchUnstarted || !this.inFlight.isWorthFilling;
    const now = performance.now();
    if (free === 0 || (mayWait && now - this.lastClaimAt < CLAIM_WHEN_FULL_MS)) {
      // Something may be due that cannot be looked for: without this, accepting would take every slot that gets free.
      this.backlog.isBeyondSlots = true;
      return null;
    }
    this.lastClaimAt = now;
    const share = Math.ceil(free * (this.backlog.isBeyondSlots ? 1 - CLAIM_LEAVES_SHARE : 1 / 2));
    return this.reserve(isBesideLittle ? Math.min(share, CLAIM_BESIDE_LITTLE.deliveries) : share);
  }

  /** A lease for deliveries beyond the limits. */
  reserveNothing(): Room {
    return this.reserve(0);
  }

  attemptStarts(): void {
    this.inFlight.unstarted -= 1;
    if (this.inFlight.unstarted === CLAIM_BESIDE_LITTLE.unstarted && this.backlog.isBeyondSlots) this.wakeup.wake();
  }

  /** The end of an attempt is a reason to look when what waits was waiting for its slot. */
  attemptEnded(slot: Slot): void {
    const { webhookId } = slot;
    this.inFlight.end(slot);
    this.roomIsMade.wake();
    this.backlog.attemptEnded(webhookId);
    const isAwaited = this.backlog.isHeldBack(webhookId) && this.inFlight.isWorthFillingFor(webhookId);
    if (isAwaited || this.backlog.isBeyondSlots) this.wakeup.wake();
  }

  private reserve(total: number): Room {
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
        this.roomIsMade.wake();
      },
    };
  }
}
