import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { uuidV7 } from '../common/uuid-v7.js';
import { Config } from '../config/config.js';
import type { Target } from './delivery.types.js';
import { rescueDeliveries } from './queue/rescue-deliveries.js';
import { DEAD_AFTER_MS, hasOtherReplicas, touchReplica, unregisterReplica } from './queue/replicas.js';
import { START_WINDOW_MS, StartPermits } from './start-permits.js';

/** Between heartbeats; a replica is taken for dead after five that did not come. */
const HEARTBEAT_MS = 2_000;

/** This process among those that share the database: its heartbeat, and the rescue of what dead ones left behind. */
@Injectable()
export class Replica {
  readonly id = uuidV7();
  private readonly permits: StartPermits;
  /** From before the last heartbeat that succeeded was sent; `performance.now()`. */
  private lastBeatAt = -Infinity;
  /** The embedded engine admits one process, so every lease of another is lost, and nobody else changes a webhook. */
  private readonly isExclusive: boolean;
  private readonly logger = new Logger(Replica.name);
  private timer: NodeJS.Timeout | null = null;
  private beat: Promise<void> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    config: Config,
  ) {
    this.isExclusive = config.databaseUrl === null;
    this.permits = new StartPermits(this.isExclusive ? Infinity : START_WINDOW_MS);
  }

  /** @param onRescue called when deliveries of a dead replica became due. */
  async start(onRescue: () => void): Promise<void> {
    await this.keepAlive(onRescue);
    this.timer = setInterval(() => {
      this.beat ??= this.keepAlive(onRescue)
        .catch((error: unknown) => this.logger.error({ msg: 'heartbeat failed', err: error }))
        .finally(() => {
          this.beat = null;
        });
    }, HEARTBEAT_MS);
  }

  /** Signs off; a database that cannot be reached takes this replica for dead soon enough. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.beat;
    await unregisterReplica(this.dataSource, this.id).catch((error: unknown) => {
      this.logger.warn({ msg: 'the replica could not sign off', err: error });
    });
  }

  /**
   * Whether an attempt may start under what was read of its webhook. Not while this replica may be taken for dead: a
   * change made elsewhere then does not wait for it.
   *
   * @param readAt `performance.now()` from before the statement that read the webhook was sent.
   */
  mayStart({ webhookId, revision }: Target, readAt: number): boolean {
    const now = performance.now();
    const isSeen = this.isExclusive || now - this.lastBeatAt < DEAD_AFTER_MS - START_WINDOW_MS;
    return isSeen && this.permits.allows(webhookId, revision, readAt, now);
  }

  /** Nothing starts here under an older revision of the webhook from now on. */
  supersede(webhookId: string, revision: number): void {
    this.permits.raise(webhookId, revision, performance.now());
  }

  /** Whether another process may hold deliveries of the same database. */
  async hasOthers(): Promise<boolean> {
    return !this.isExclusive && (await hasOtherReplicas(this.dataSource, this.id));
  }

  private async keepAlive(onRescue: () => void): Promise<void> {
    const sentAt = performance.now();
    await touchReplica(this.dataSource, this.id);
    this.lastBeatAt = sentAt;
    const rescued = await rescueDeliveries(this.dataSource, this.id, this.isExclusive);
    if (rescued === 0) return;
    this.logger.warn({ msg: 'deliveries of a replica that died are due again', count: rescued });
    onRescue();
  }
}
