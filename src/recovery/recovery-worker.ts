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
import { PIPELINE } from '../database/data-sources.js';
import { type Count, Metrics } from '../metrics/metrics.js';
import { DeliveryCapacity } from '../deliveries/engine/delivery-capacity.js';
import { countRecoverable } from './count-recoverable.js';
import { countWaiting } from '../deliveries/queue/count-waiting.js';
import { recoverDeliveries } from './recover-deliveries.js';
import { advanceRecovery, type HeldRecovery, holdRecovery, listRunning } from './recovery.repository.js';

/** How often a replica looks whether there is something to recover, or room for more of it. */
const ROUND_MS = 1_000;

/**
 * After a step that queued something: 500 deliveries a second at most, and 100 where steps take long, so that what is
 * published meanwhile meets one in forty times. Where several recoveries run, what steps that take long wait for is divided
 * among them. After a step that queued nothing, others get at the database for twice as long.
 */
const QUEUED_PAUSE = { minMs: 100, times: 40, maxMs: 500 };
const LOOKED_PAUSE = { minMs: 0, times: 2, maxMs: 100 };

/** Deliveries that wait for a webhook, for now or for a retry, while its recovery adds to them: 500 at most then. */
export const WAITING_LIMIT = 500;

/** Deliveries that one step queues at most: what is published meanwhile waits behind no more. */
const PER_STEP = 50;

type Key = Awaited<ReturnType<typeof listRunning>>[number];

/** What a step came to; null: another replica is at it, or there is nothing to do now. */
type Step = { webhookId: string; queued: number } | null;

/**
 * Works on the recoveries that run, whoever started them. A step is a transaction that holds the recovery and moves its
 * cursor together with what it did: a replica that dies has done a step or not, and another one goes on.
 *
 * First the range is counted, then it is queued, a few deliveries at a time: no more than wait for the webhook anyway are
 * ahead of what is published meanwhile, and an endpoint that takes nothing is not given more.
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

  /** Not before: Nest stops module after module, and the statements under way are waited for together. */
  beforeApplicationShutdown(): Promise<void> {
    return this.task.stop();
  }

  /** Goes on as long as there is something to do. */
  private async work(): Promise<void> {
    let isMoving = true;
    while (isMoving && !this.task.isStopping) isMoving = await this.stepAll();
  }

  /** @returns whether any of the recoveries moved. */
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
