import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { CANCEL_REASONS } from '../../common/outcomes.js';
import { LookingPace } from '../../common/looking-pace.js';
import { Config } from '../../config/config.js';
import { DailyPartitions } from '../../database/partitions/daily-partitions.js';
import { PIPELINE } from '../../database/data-sources.js';
import { DeliveryMetrics } from '../delivery-metrics.js';
import { type Expansion, expandFanOut, findNextFanOut } from '../queue/expand-fan-out.js';
import { SmallPublishers } from '../intake/small-publishers.js';
import { DeliveryCapacity } from './delivery-capacity.js';
import { Wakeup } from './wakeup.js';

/** How often to look for fan-outs that another replica stored, without a nudge. */
const POLL = { everyMs: 1_000, idleMs: 5_000, idleAfter: 10 };

/** How long a fan-out is passed over after a failed step, twice as long each time; `count` fan-outs at most. */
const SET_ASIDE = { firstMs: 1_000, mostMs: 300_000, count: 1_000 };

/** The worker rests as long as the step took: on the embedded engine nothing else runs beside a step. */
const PAUSE_SHARE = 1;

/** A step makes as many deliveries as take about `targetMs`. Others may have to wait for one step. */
const STEP = { targetMs: 40, min: 500, max: 5_000 };
/**
 * On the embedded engine, small publishers wait for every step. Short steps cost half as much again for each delivery.
 * On a server they gain nothing: the extra work takes its time from the same publishers.
 */
export const STEP_BESIDE_SMALL = { targetMs: 15, min: 100, max: 5_000 };
const FIRST_STEP = 1_000;
/** How much a step's size may change at once: other work may have slowed the last step. */
const STEP_CHANGE = { less: 1 / 2, more: 3 / 2 };

/** @param made deliveries made of `size`, in `tookMs`. */
export function nextStepSize(size: number, made: number, tookMs: number, { targetMs, min, max } = STEP): number {
  // The last step of a fan-out is small, and mostly the cost of finding it: its time says nothing.
  if (made < size / 2 && tookMs <= targetMs) return size;
  const fitting = (made * targetMs) / Math.max(1, tookMs);
  const changed = Math.min(size * STEP_CHANGE.more, Math.max(size * STEP_CHANGE.less, fitting));
  return Math.round(Math.min(max, Math.max(min, changed)));
}

/**
 * Makes the deliveries that wide groups of events owe (docs/adr/0011), in short statements. Environments take turns. A
 * fan-out that fails is set aside for a while, so that it does not hold up the others.
 */
@Injectable()
export class FanOutWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(FanOutWorker.name);
  private readonly stopping = new AbortController();
  private readonly wakeup = new Wakeup();
  private readonly pace = new LookingPace(POLL);
  private loop: Promise<void> | null = null;
  /** By first event: until when (`performance.now()`), and after how many failures. */
  private readonly setAside = new LRUCache<string, { until: number; failures: number }>({ max: SET_ASIDE.count });
  private stepSize = FIRST_STEP;
  private lastEnvironment: string | null = null;

  constructor(
    @InjectDataSource(PIPELINE) private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly capacity: DeliveryCapacity,
    private readonly smallPublishers: SmallPublishers,
    private readonly metrics: DeliveryMetrics,
    private readonly config: Config,
  ) {}

  onApplicationBootstrap(): void {
    this.loop ??= this.run();
  }

  /** Waits for the statement under way. Another replica, or the next start, makes the rest. */
  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wakeup.wake();
    await this.loop;
  }

  /** Events were stored here that owe something, or a replica died that may have left something unmade. */
  nudge(): void {
    this.wakeup.wake();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const hasMade = await this.step();
      if (hasMade !== null) this.pace.looked(hasMade);
      if (hasMade) {
        const pauseMs = (performance.now() - startedAt) * PAUSE_SHARE;
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      } else {
        await this.wakeup.wait(this.pace.waitMs);
      }
    }
  }

  /** @returns whether there was something to make; null: the database could not tell. */
  private async step(): Promise<boolean | null> {
    try {
      const startedAt = performance.now();
      const expansion = await this.partitions.provide(() =>
        expandFanOut(this.dataSource, this.lastEnvironment, this.stepSize, this.passedOver()),
      );
      if (!expansion) return false;
      this.stepSize = nextStepSize(this.stepSize, expansion.made, performance.now() - startedAt, this.bounds());
      this.made(expansion);
      return true;
    } catch (error) {
      // The step may have been too large for a database that has become slow.
      this.stepSize = Math.max(this.bounds().min, Math.round(this.stepSize * STEP_CHANGE.less));
      // Throws too while the database is away. Nothing is set aside then.
      return this.setNextAside(error).catch(() => null);
    }
  }

  private bounds(): typeof STEP {
    const isWaitedFor = this.config.databaseUrl === null && this.smallPublishers.areActive();
    return isWaitedFor ? STEP_BESIDE_SMALL : STEP;
  }

  private passedOver(): string[] {
    const now = performance.now();
    return [...this.setAside].filter(([, { until }]) => until > now).map(([firstEventId]) => firstEventId);
  }

  /** @returns whether there was one to set aside. */
  private async setNextAside(error: unknown): Promise<boolean> {
    const failed = await findNextFanOut(this.dataSource, this.lastEnvironment, this.passedOver());
    if (!failed) return false;
    const failures = (this.setAside.get(failed.firstEventId)?.failures ?? 0) + 1;
    const forMs = Math.min(SET_ASIDE.mostMs, SET_ASIDE.firstMs * 2 ** (failures - 1));
    this.setAside.set(failed.firstEventId, { until: performance.now() + forMs, failures });
    this.logger.error({
      msg: 'what events owe could not be queued; others go first',
      environment_id: failed.environmentId,
      event_id: failed.firstEventId,
      failures,
      err: error,
    });
    return true;
  }

  private made({ environmentId, firstEventId, canceled }: Expansion): void {
    this.lastEnvironment = environmentId;
    this.setAside.delete(firstEventId);
    for (const reason of CANCEL_REASONS) this.metrics.canceledFor(reason, canceled[reason]);
    this.capacity.nudge();
  }
}
