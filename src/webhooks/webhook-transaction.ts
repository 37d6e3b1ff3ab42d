import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { DailyPartitions } from '../database/partitions/daily-partitions.js';
import { DeliveryControl, type WebhookChange } from './delivery-control.js';

/** The changes that one transaction makes, as far as deliveries have to follow them. */
export class WebhookChanges {
  private readonly changes: WebhookChange[] = [];
  private readonly acts: (() => void)[] = [];

  constructor(
    readonly manager: EntityManager,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /**
   * Changes what the webhooks are owed, in this transaction.
   *
   * @returns the webhooks against whose endpoints something was known
   */
  apply(changes: readonly WebhookChange[]): Promise<ReadonlySet<string>> {
    this.add(changes);
    return this.deliveryControl.apply(changes, this.manager);
  }

  /** Nothing is to start under the state before: what is owed stays as it is. */
  add(changes: readonly WebhookChange[]): void {
    for (const change of changes) this.changes.push(change);
  }

  /** Adds what is done as soon as the transaction has committed. */
  afterCommit(act: () => void): void {
    this.acts.push(act);
  }

  /** Runs after the commit; see `DeliveryControl.settle`. */
  async settle(): Promise<void> {
    for (const act of this.acts) act();
    if (this.changes.length > 0) await this.deliveryControl.settle(this.changes);
  }
}

/** Changes webhooks: collects what deliveries have to follow, commits, and then sees to it that they do. */
@Injectable()
export class WebhookTransaction {
  private readonly logger = new Logger(WebhookTransaction.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly partitions: DailyPartitions,
    private readonly deliveryControl: DeliveryControl,
  ) {}

  /**
   * Resolves when the work is committed and settled: no attempt starts under the state before. The work may run again when a
   * day's partition had to be made first, because what a change cancels is logged on the day of its event.
   */
  async run<T>(work: (changes: WebhookChanges) => Promise<T>): Promise<T> {
    const { result, changes } = await this.commit(work);
    await changes.settle();
    return result;
  }

  /** The same where nobody is being answered: resolves with the commit. */
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
