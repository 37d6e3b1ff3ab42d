import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { LookingPace } from '../common/looking-pace.js';
import { PIPELINE } from '../database/data-sources.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { DeliveryCapacity } from '../deliveries/engine/delivery-capacity.js';
import { countRecoverable } from './count-recoverable.js';
import { countWaiting } from '../deliveries/queue/count-waiting.js';
import { recoverDeliveries } from './recover-deliveries.js';
import { advanceRecovery, type HeldRecovery, holdRecovery, listRunning } from './recovery.repository.js';

const ROUND_MS = 1_000;
/** How often to look for recoveries of other replicas. */
const POLL = { everyMs: ROUND_MS, idleMs: 5_000, idleAfter: 10 };

/**
 * The pause after a step that queued something: 500 deliveries a second at most, and 100 when steps take long. So what
 * is published meanwhile meets a step one time in forty. Several recoveries divide the long pause. After a step that
 * queued nothing, others have the database for twice as long.
 */
const QUEUED_PAUSE = { minMs: 100, times: 40, maxMs: 500 };
const LOOKED_PAUSE = { minMs: 0, times: 2, maxMs: 100 };

/** Deliveries that may wait for a webhook while its recovery adds to them. */
export const WAITING_LIMIT = 500;

/** Deliveries that one step queues: what is published meanwhile waits behind no more. */
const PER_STEP = 50;

type Key = Awaited<ReturnType<typeof listRunning>>[number];

/** Null: another replica works on it, or nothing can be done now. */
type Step = { webhookId: string; queued: number } | null;

/**
 * Works on running recoveries, whoever started them. A step is a transaction that locks the recovery, counts or queues
 * a few deliveries, and moves the cursor. The whole range is counted first.
 */
@Injectable()
export class RecoveryWorker implements BeforeApplicationShutdown, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RecoveryWorker.name);
  private readonly task = new BackgroundTask({
    context: RecoveryWorker.name,
    purpose: 'look for recoveries',
    everyMs: ROUND_MS,
    round: () => this.work(),
  });
  private readonly recovered: Count;
  private running: number | null = null;
  private readonly pace = new LookingPace(POLL);
  private isNudged = false;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly capacity: DeliveryCapacity,
    metrics: Metrics,
  ) {
    this.recovered = metrics.counter('deliveriesRecovered', {});
    metrics.gauge('recoveriesRunning', {}, () => this.running);
  }

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): void {
    this.task.abort();
  }

  /** Not in `onModuleDestroy`: Nest stops module after module, and statements under way end together here. */
  beforeApplicationShutdown(): Promise<void> {
    return this.task.stop();
  }

  /** A recovery was started here: the next round works on it. */
  nudge(): void {
    this.isNudged = true;
  }

  private async work(): Promise<void> {
    if (!this.isNudged && !this.pace.isDue) return;
    this.isNudged = false;
    try {
      for (let isMoving = true; isMoving && !this.task.isStopping;) isMoving = await this.stepAll();
    } catch (error) {
      // What it was nudged for is still to be looked at.
      this.isNudged = true;
      throw error;
    }
    this.pace.looked(this.running !== 0);
  }

  private async stepAll(): Promise<boolean> {
    const keys = await listRunning(this.dataSource).catch((error: unknown) => {
      this.running = null;
      throw error;
    });
    this.running = keys.length;
    let hasMoved = false;
    for (const key of keys) {
      if (this.task.isStopping) break;
      const startedAt = performance.now();
      const step = await this.step(key);
      if (step) {
        hasMoved = true;
        this.recovered.inc(step.queued);
        if (step.queued > 0) this.capacity.nudge([step.webhookId]);
      }
      await this.pause(performance.now() - startedAt, step?.queued ?? 0, keys.length);
    }
    return hasMoved;
  }

  private async pause(tookMs: number, queued: number, recoveries: number): Promise<void> {
    const looked = pauseMs(tookMs, LOOKED_PAUSE);
    const queuedPause = Math.max(looked, QUEUED_PAUSE.minMs, pauseMs(tookMs, QUEUED_PAUSE) / recoveries);
    await this.task.pause(queued > 0 ? queuedPause : looked);
  }

  private async step(key: Key): Promise<Step> {
    try {
      return await this.dataSource.transaction(async (manager) => {
        const recovery = await holdRecovery(manager, key);
        if (!recovery || recovery.isRangeOpen) return null;
        return recovery.countedTo === recovery.endId ? queueMore(manager, recovery) : countOn(manager, recovery);
      });
    } catch (error) {
      this.logger.error({
        msg: 'a step of a recovery failed; trying again in a second',
        recoveryId: key.id,
        err: error,
      });
      return null;
    }
  }
}

function pauseMs(tookMs: number, { minMs, times, maxMs }: typeof QUEUED_PAUSE): number {
  return Math.min(maxMs, Math.max(minMs, tookMs * times));
}

async function countOn(manager: EntityManager, recovery: HeldRecovery): Promise<Step> {
  const { webhookId, countedTo: from, endId: to } = recovery;
  await advanceRecovery(manager, recovery, await countRecoverable(manager, recovery, { from, to }));
  return { webhookId, queued: 0 };
}

async function queueMore(manager: EntityManager, recovery: HeldRecovery): Promise<Step> {
  const { webhookId, queuedTo: from, endId: to } = recovery;
  const waiting = await countWaiting(manager, webhookId, WAITING_LIMIT);
  // A step costs the same however little it may queue.
  if (waiting + PER_STEP > WAITING_LIMIT) return null;
  const part = await recoverDeliveries(manager, recovery, { from, to }, PER_STEP);
  await advanceRecovery(manager, recovery, part);
  return { webhookId, queued: part.queued };
}
