import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { LookingPace } from '../../common/looking-pace.js';
import { Config } from '../../config/config.js';
import { DeliveryDispatcher } from './delivery-dispatcher.js';
import { PROBE_INTERVAL_MS } from './endpoint-health.js';
import { DeliveryCapacity, type Reservation } from './delivery-capacity.js';
import { claimDeliveries } from '../queue/claim-deliveries.js';
import { PIPELINE } from '../../database/data-sources.js';

/** How often the queue is read without a nudge. A retry is late by this at most. */
const POLL = { everyMs: 250, idleMs: 1_000, idleAfter: 20 };

const CLAIM_RETRY_MS = 1_000;

/** Claims what is due whenever this replica has room: retries, what was accepted without room, what was lost. */
@Injectable()
export class DeliveryClaimer {
  private readonly logger = new Logger(DeliveryClaimer.name);
  private readonly probeIntervalMs: number;
  private loop: Promise<void> | null = null;
  private isStopping = false;
  private hasFailed = false;
  /** The webhook after which the next claim goes on; null when a new round begins. */
  private scanFrom: string | null = null;
  private mayFindMoreInRound = false;
  private readonly pace = new LookingPace(POLL);

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly capacity: DeliveryCapacity,
    private readonly dispatcher: DeliveryDispatcher,
    config: Config,
  ) {
    this.probeIntervalMs = Math.max(PROBE_INTERVAL_MS, config.attemptTimeoutMs + CLAIM_RETRY_MS);
  }

  /** False while the database refuses claims, before the start, and from the stop on. */
  get isHealthy(): boolean {
    return this.loop !== null && !this.isStopping && !this.hasFailed;
  }

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.capacity.nudge();
    await this.loop;
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      const reservation = this.capacity.reserveForClaim(this.scanFrom === null);
      if (reservation && (await this.claim(reservation))) continue;
      await this.capacity.waitForNudge(this.waitMs);
    }
  }

  private get waitMs(): number {
    if (this.hasFailed) return CLAIM_RETRY_MS;
    return this.pace.waitMs;
  }

  /** @returns whether to claim again at once. */
  private async claim(reservation: Reservation): Promise<boolean> {
    try {
      const scan = { after: this.scanFrom, probeIntervalMs: this.probeIntervalMs };
      const claim = await claimDeliveries(this.dataSource, reservation, scan);
      this.dispatcher.dispatch(claim.deliveries);
      this.pace.looked(claim.deliveries.length > 0);
      for (const { delivery, reason } of claim.canceled) this.dispatcher.cancel(delivery, reason);

      this.hasFailed = false;
      this.mayFindMoreInRound ||= claim.mayFindMore;
      this.scanFrom = claim.after;
      const goesOn = claim.after !== null || this.mayFindMoreInRound;
      if (claim.after === null) this.mayFindMoreInRound = false;
      return this.capacity.claimEnded(claim.heldBack, goesOn);
    } catch (error) {
      if (!this.hasFailed) this.logger.error({ msg: 'due deliveries could not be claimed; trying again', err: error });
      this.hasFailed = true;
      return false;
    } finally {
      reservation.release();
    }
  }
}
