import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { LiveReplicas } from '../../auth/live-replicas.js';
import { monotonicMs } from './monotonic-time.js';
import { uuidV7 } from '../../common/uuid-v7.js';
import { Config } from '../../config/config.js';
import { DailyPartitions } from '../../database/partitions/daily-partitions.js';
import { DatabaseClock } from '../../database/database-clock.js';
import type { Queryable } from '../../database/queryable.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import type { Target } from '../delivery.types.js';
import { DEAD_AFTER_MS, hasOtherReplicas, signOff, touchReplica } from '../queue/replicas.js';
import { rescueDeliveries } from '../queue/rescue-deliveries.js';
import { BackgroundTask } from '../../common/background-task.js';
import { START_WINDOW_MS, StartPermits } from './start-permits.js';
import { PIPELINE } from '../../database/data-sources.js';
import { ReplicaLock } from './replica-lock.js';

const HEARTBEAT_MS = 2_000;

export interface LeaseHolder {
  openLeases(): string[];
  /** There may be work that another replica left. */
  nudge(): void;
}

/** This process among those that share the database: its heartbeat, its lock, and the rescue of what dead ones left behind. */
@Injectable()
export class Replica {
  readonly id = uuidV7();
  private readonly logger = new Logger(Replica.name);
  /** The embedded engine admits one process: every lease of another is lost, and nobody else changes a webhook. */
  private readonly isExclusive: boolean;
  private readonly permits: StartPermits;
  private readonly heartbeat = new BackgroundTask({
    context: Replica.name,
    purpose: 'send a heartbeat',
    everyMs: HEARTBEAT_MS,
    round: () => this.beat(),
  });
  private rescue: BackgroundTask | null = null;
  private lock: ReplicaLock | null = null;
  private others = 0;
  private touching: Promise<void> = Promise.resolve();
  /** `performance.now()` from before the last heartbeat that succeeded. */
  private lastBeatAt = -Infinity;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly metrics: DeliveryMetrics,
    private readonly clock: DatabaseClock,
    private readonly liveReplicas: LiveReplicas,
    private readonly config: Config,
  ) {
    this.isExclusive = config.databaseUrl === null;
    this.permits = new StartPermits(this.isExclusive ? Infinity : START_WINDOW_MS);
  }

  /**
   * Whether the others surely wait for this replica when they change a webhook. They stop doing so once they may take
   * it for dead.
   */
  get isSeen(): boolean {
    return this.isExclusive || performance.now() - this.lastBeatAt < DEAD_AFTER_MS - START_WINDOW_MS;
  }

  async start(holder: LeaseHolder): Promise<void> {
    await this.heartbeat.startWithFirst();
    this.rescue = new BackgroundTask({
      context: Replica.name,
      purpose: 'look for deliveries of dead replicas',
      everyMs: HEARTBEAT_MS,
      round: () => this.rescueLost(holder),
    });
    await this.rescue.startWithFirst();
    const { databaseUrl: url } = this.config;
    if (url === null) return;
    this.lock = new ReplicaLock({
      url,
      database: this.dataSource,
      replicaId: this.id,
      hasOthers: () => this.others > 0,
      announce: () => this.beat(),
      rescue: async () => {
        await this.rescueLost(holder);
        // It may also have left work that nobody leases.
        holder.nudge();
      },
    });
    this.lock.start();
  }

  /** If the database cannot be reached, the others soon take this replica for dead. */
  async stop(): Promise<void> {
    await Promise.all([this.heartbeat.stop(), this.rescue?.stop(), this.lock?.stopLooking()]);
    await this.touching.catch(() => undefined);
    await signOff(this.dataSource, this.id).catch((error: unknown) => {
      this.logger.warn({ msg: 'the replica could not sign off', err: error });
    });
    await this.lock?.release();
  }

  /** @param readAt `performance.now()` from before the statement that read the webhook was sent. */
  permitOf({ webhookId, revision }: Target, readAt: number): ReturnType<StartPermits['check']> {
    return this.permits.check(webhookId, revision, readAt, performance.now());
  }

  supersede(webhookId: string, revision: number): void {
    this.permits.raise(webhookId, revision, performance.now());
  }

  async hasOthers(database: Queryable): Promise<boolean> {
    return !this.isExclusive && (await hasOtherReplicas(database, this.id));
  }

  /** One after the other: an earlier one must not say last where the lock is held. */
  private beat(): Promise<void> {
    this.touching = this.touching.catch(() => undefined).then(() => this.touch());
    return this.touching;
  }

  private async touch(): Promise<void> {
    const sentAt = performance.now();
    const { others, nowMs } = await touchReplica(this.dataSource, this.id, this.lock?.lockedOn ?? null);
    if (this.others === 0 && others > 0) this.lock?.nudge();
    this.others = others;
    this.lastBeatAt = sentAt;
    // The embedded engine has this machine's clock, and one process.
    if (this.isExclusive) return;
    this.clock.correct({ sentAt, receivedAt: performance.now(), databaseMs: nowMs });
    this.liveReplicas.note(1 + others);
  }

  private async rescueLost(holder: LeaseHolder): Promise<void> {
    const rescued = await this.partitions.provide(() =>
      rescueDeliveries(this.dataSource, {
        replicaId: this.id,
        isExclusive: this.isExclusive,
        ownLeases: holder.openLeases(),
        ownLeasesAt: monotonicMs(),
      }),
    );
    this.metrics.rescued(rescued);
    if (rescued.freed === 0) return;
    this.logger.warn({ msg: 'deliveries whose lease was lost are due again', count: rescued.freed });
    holder.nudge();
  }
}
