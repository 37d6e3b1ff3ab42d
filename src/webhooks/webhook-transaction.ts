import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import { DeliveryControl, type WebhookChange } from './delivery-control.js';

/** The changes of one transaction that deliveries must follow. */
export class WebhookChanges {
  private readonly changes: WebhookChange[] = [];
  private readonly acts: (() => void)[] = [];

  constructor(
    readonly manager: EntityManager,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /** Changes what the webhooks are owed, in this transaction; see `DeliveryControl.apply`. */
  apply(changes: readonly WebhookChange[]): Promise<ReadonlySet<string>> {
    this.add(changes);
    return this.deliveryControl.apply(changes, this.manager);
  }

  /** What is owed stays, but nothing starts under the state before. */
  add(changes: readonly WebhookChange[]): void {
    for (const change of changes) this.changes.push(change);
  }

  afterCommit(act: () => void): void {
    this.acts.push(act);
  }

  /** Runs after the commit; see `DeliveryControl.settle`. */
  async settle(): Promise<void> {
    for (const act of this.acts) act();
    if (this.changes.length > 0) await this.deliveryControl.settle(this.changes);
  }
}

@Injectable()
export class WebhookTransaction {
  private readonly logger = new Logger(WebhookTransaction.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /**
   * Resolves when the work is committed and no attempt starts under the state before. The work may run again when a
   * day's partition had to be made first: canceled deliveries are logged on the day of their event.
   */
  async run<T>(work: (changes: WebhookChanges) => Promise<T>): Promise<T> {
    const { result, changes } = await this.commit(work);
    await changes.settle();
    return result;
  }

  /** The same, but resolves with the commit: nobody waits for an answer. */
  async runUnattended<T>(work: (changes: WebhookChanges) => Promise<T>): Promise<T> {
    const { result, changes } = await this.commit(work);
    changes.settle().catch((error: unknown) => {
      this.logger.error({ msg: 'what waits for changed webhooks is canceled later', err: error });
    });
    return result;
  }

  private commit<T>(work: (changes: WebhookChanges) => Promise<T>): Promise<{ result: T; changes: WebhookChanges }> {
    return this.partitions.provide(() =>
      this.dataSource.transaction(async (manager) => {
        const changes = new WebhookChanges(manager, this.deliveryControl);
        return { result: await work(changes), changes };
      }),
    );
  }
}
