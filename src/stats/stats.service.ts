import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { notFound } from '../http/not-found.js';
import { databaseTime } from '../database/database-time.js';
import { Webhook } from '../webhooks/webhook.entity.js';
import { findWebhook } from '../webhooks/webhooks.repository.js';
import { ReadTurns, type Reader } from '../reads/read-turns.js';
import type { PendingOwner } from '../deliveries/queue/count-pending.js';
import type { EnvironmentStatsDto, StatsBucketDto, StatsDto, WebhookStatsDto } from './dto/stats.dto.js';
import { type PendingCount, PendingCounts } from '../deliveries/pending-counts.js';
import { readFailingSince, readStats } from './stats.repository.js';
import { Tally } from './tally.js';
import { bucketsOf, type StatsWindow, WINDOWS } from './stats-window.js';

/** What statistics count for among reads: up to 720 hours with their latencies, and the last seconds. */
const STATS_ROWS = 250;

interface Subject {
  environmentId: string;
  owner: PendingOwner;
  /** The webhook, or the environment again. */
  id: string;
}

@Injectable()
export class StatsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly turns: ReadTurns,
    private readonly pendingCounts: PendingCounts,
  ) {}

  /** @throws ApiError WEBHOOK_NOT_FOUND */
  async ofWebhook(environmentId: string, id: string, window: StatsWindow, reader: Reader): Promise<WebhookStatsDto> {
    const webhook = await findWebhook(this.dataSource.getRepository(Webhook), environmentId, id);
    if (!webhook) throw notFound('WEBHOOK_NOT_FOUND');
    const failingSince = await readFailingSince(this.dataSource, id);
    const {
      window: name,
      from,
      to,
      ...stats
    } = await this.read({ environmentId, owner: 'webhook', id }, window, reader);
    return {
      webhook_id: id,
      window: name,
      from,
      to,
      is_active: webhook.isActive,
      disabled_at: webhook.disabledAt?.toISOString() ?? null,
      disabled_reason: webhook.disabledReason,
      failing_since: failingSince?.toISOString() ?? null,
      ...stats,
    };
  }

  async ofEnvironment(environmentId: string, window: StatsWindow, reader: Reader): Promise<EnvironmentStatsDto> {
    const subject: Subject = { environmentId, owner: 'environment', id: environmentId };
    return { environment_id: environmentId, ...(await this.read(subject, window, reader)) };
  }

  private read(subject: Subject, window: StatsWindow, reader: Reader): Promise<StatsDto> {
    return this.turns.run(reader, STATS_ROWS, async (step) => {
      const pending = await this.pendingCounts.of(subject.environmentId, subject.owner, subject.id);
      return step(() => this.sumUp(subject, pending, window));
    });
  }

  private async sumUp(
    { environmentId, id }: Subject,
    { pending, isEstimate }: PendingCount,
    name: StatsWindow,
  ): Promise<StatsDto> {
    const window = WINDOWS[name];
    const to = await databaseTime(this.dataSource.manager);
    const beginnings = bucketsOf(window, to.getTime());
    const from = new Date(beginnings[0]!);
    const total = new Tally();
    const tallies = beginnings.map(() => new Tally());
    for (const row of await readStats(this.dataSource, environmentId, id, from)) {
      const place = Math.floor((row.at.getTime() - from.getTime()) / (window.bucketS * 1_000));
      // Something may have ended since the time was read.
      tallies[Math.min(place, tallies.length - 1)]!.add(row);
      total.add(row);
    }
    const counts = notNegative(total.counts);
    const [p50, p95, p99] = total.latencies.percentiles(0.5, 0.95, 0.99);
    const ended = counts.succeeded + counts.failed;
    return {
      window: name,
      from: from.toISOString(),
      to: to.toISOString(),
      totals: { pending, ...counts, attempts: total.latencies.count },
      ...(isEstimate && { is_pending_estimated: true }),
      success_rate: ended === 0 ? null : counts.succeeded / ended,
      latency_ms: { p50, p95, p99 },
      buckets: tallies.map((tally, index) => bucketOf(beginnings[index]!, tally)),
    };
  }
}

function bucketOf(beginning: number, { counts, latencies }: Tally): StatsBucketDto {
  const [p50, p95] = latencies.percentiles(0.5, 0.95);
  return { at: new Date(beginning).toISOString(), ...notNegative(counts), p50_ms: p50, p95_ms: p95 };
}

/** Negative when a delivery is sent again whose end a version without statistics recorded. */
function notNegative({ succeeded, failed, canceled }: Tally['counts']): Tally['counts'] {
  return { succeeded: Math.max(0, succeeded), failed: Math.max(0, failed), canceled: Math.max(0, canceled) };
}
