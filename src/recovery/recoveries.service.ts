import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { recordAudit } from '../audit/audit.repository.js';
import { databaseBusy } from '../http/database-busy.js';
import { ApiError } from '../http/errors.js';
import { notFound } from '../http/not-found.js';
import { instantOf } from '../openapi/query-property.js';
import { uuidV7Floor } from '../common/uuid-v7.js';
import type { Queryable } from '../database/queryable.js';
import { ReadTurns, type Reader, type Step } from '../reads/read-turns.js';
import { Webhook } from '../webhooks/webhook.entity.js';
import { databaseTime } from '../database/database-time.js';
import { findWebhook, lockWebhook } from '../webhooks/webhooks.repository.js';
import { countRecoverable } from './count-recoverable.js';
import { stopRecoveries } from '../deliveries/queue/stop-recoveries.js';
import type { RecoverDto } from './dto/recover.dto.js';
import { RecoveryDto } from './dto/recovery.dto.js';
import { RecoveryWorker } from './recovery-worker.js';
import { findRecovery, insertRecovery, type NewRecovery } from './recovery.repository.js';

/** How long a dry run may count, at about 100,000 events and deliveries a second. */
const COUNT_PATIENCE_MS = 10_000;

/** A dry run weighs as much as two long pages among reads. Four of them are one token's share. */
const COUNT_ROWS = 2_000;

/** The work itself is the worker's. */
@Injectable()
export class RecoveriesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly turns: ReadTurns,
    private readonly worker: RecoveryWorker,
  ) {}

  /** @throws ApiError VALIDATION_FAILED, WEBHOOK_NOT_FOUND, WEBHOOK_INACTIVE, RECOVERY_RUNNING */
  async start(environmentId: string, webhookId: string, body: RecoverDto, actor: string): Promise<RecoveryDto> {
    const recovery = await this.dataSource.transaction(async (manager) => {
      // Locked: a change that stops the webhook either sees the recovery running or is seen here.
      const webhook = receiving(await lockWebhook(manager, { environmentId, id: webhookId }));
      const started = await insertRecovery(manager, await recoveryOf(webhook, body, manager));
      if (!started) throw new ApiError('RECOVERY_RUNNING', 'A recovery runs for this webhook already');
      await recordAudit(manager, [
        { environmentId, actor, action: 'recovered', resourceType: 'webhook', resourceId: webhookId },
      ]);
      return started;
    });
    this.worker.nudge();
    return RecoveryDto.of(recovery);
  }

  /**
   * Counts what a recovery would queue now, until the reader has gone.
   *
   * @throws ApiError VALIDATION_FAILED, WEBHOOK_NOT_FOUND, WEBHOOK_INACTIVE, RATE_LIMITED; DATABASE_BUSY when the count
   *   takes more than ten seconds.
   */
  count(environmentId: string, webhookId: string, body: RecoverDto, reader: Reader): Promise<{ queued: number }> {
    return this.turns.run(reader, COUNT_ROWS, (step) => this.countInSteps(environmentId, webhookId, body, step));
  }

  /** @throws ApiError WEBHOOK_NOT_FOUND, RECOVERY_NOT_FOUND */
  async latest(environmentId: string, webhookId: string): Promise<RecoveryDto> {
    const { manager } = this.dataSource;
    if (!(await findWebhook(manager.getRepository(Webhook), environmentId, webhookId)))
      throw notFound('WEBHOOK_NOT_FOUND');
    return this.find(manager, webhookId);
  }

  /**
   * After the answer nothing more is queued. A recovery that has ended stays as it is.
   *
   * @throws ApiError WEBHOOK_NOT_FOUND, RECOVERY_NOT_FOUND
   */
  async stop(environmentId: string, webhookId: string, actor: string): Promise<RecoveryDto> {
    return this.dataSource.transaction(async (manager) => {
      if (!(await findWebhook(manager.getRepository(Webhook), environmentId, webhookId)))
        throw notFound('WEBHOOK_NOT_FOUND');
      if ((await stopRecoveries(manager, [webhookId])) > 0) {
        const done = { actor, action: 'changed', changedFields: ['recovery'] } as const;
        await recordAudit(manager, [{ environmentId, resourceType: 'webhook', resourceId: webhookId, ...done }]);
      }
      return this.find(manager, webhookId);
    });
  }

  private async countInSteps(
    environmentId: string,
    webhookId: string,
    body: RecoverDto,
    step: Step,
  ): Promise<{ queued: number }> {
    const { manager } = this.dataSource;
    const webhook = receiving(await findWebhook(manager.getRepository(Webhook), environmentId, webhookId));
    const { since, until, createdAt, ...filter } = await recoveryOf(webhook, body, manager);
    const to = uuidV7Floor(until.getTime());
    const deadline = performance.now() + COUNT_PATIENCE_MS;
    let queued = 0;
    for (let from = uuidV7Floor(since.getTime()); from !== to;) {
      if (performance.now() > deadline) throw databaseBusy('The range holds too much to count; ask for a shorter one');
      const range = { from, to };
      const part = await step(() => countRecoverable(this.dataSource, { ...filter, endedBefore: createdAt }, range));
      queued += part.found;
      from = part.countedTo;
    }
    return { queued };
  }

  private async find(database: Queryable, webhookId: string): Promise<RecoveryDto> {
    const recovery = await findRecovery(database, webhookId);
    if (!recovery) throw notFound('RECOVERY_NOT_FOUND');
    return RecoveryDto.of(recovery);
  }
}

/** @throws ApiError WEBHOOK_NOT_FOUND, WEBHOOK_INACTIVE */
function receiving(webhook: Webhook | null): Webhook {
  if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
  if (!webhook.isActive) throw new ApiError('WEBHOOK_INACTIVE', 'The webhook is inactive; activate it first');
  return webhook;
}

async function recoveryOf(webhook: Webhook, body: RecoverDto, manager: EntityManager): Promise<NewRecovery> {
  const now = await databaseTime(manager);
  const since = instantOf(body.since)!;
  const until = body.until === undefined ? now : instantOf(body.until)!;
  if (until > now) throw ApiError.validation([{ field: 'until', message: 'must not be in the future' }]);
  if (since >= until) throw ApiError.validation([{ field: 'since', message: 'must be before until' }]);
  return {
    environmentId: webhook.environmentId,
    webhookId: webhook.id,
    since,
    until,
    eventTypes: body.event_types ?? webhook.eventTypes,
    statuses: [...new Set(body.statuses)],
    createdAt: now,
  };
}
