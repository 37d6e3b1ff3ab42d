import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { DataSource, IsNull, LessThan, Or } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { ApiToken } from './api-token.entity.js';

/** `last_used_at` is for finding tokens that nobody needs: a minute is exact enough and costs one write a minute. */
const INTERVAL_MS = 60_000;
const MAX_ENTRIES = 10_000;

/** Writes when each API token was last used, behind the requests' back. */
@Injectable()
export class TokenUsage implements BeforeApplicationShutdown {
  private readonly logger = new Logger(TokenUsage.name);
  private readonly notedAtMs = new Map<string, number>();
  private readonly writes = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
  ) {}

  /** Returns at once; a failure is logged and disturbs no request. */
  note(tokenId: string): void {
    const nowMs = this.clock.nowMs();
    const notedAtMs = this.notedAtMs.get(tokenId);
    if (this.stopped || (notedAtMs !== undefined && nowMs - notedAtMs < INTERVAL_MS)) return;
    this.notedAtMs.delete(tokenId);
    this.notedAtMs.set(tokenId, nowMs);
    this.makeRoom();

    const write = this.write(tokenId, new Date(nowMs))
      .catch((error: unknown) => this.logger.warn({ msg: 'the last use of an API token was not written', err: error }))
      .finally(() => this.writes.delete(write));
    this.writes.add(write);
  }

  /** Waits for the writes under way: the pool closes after this. Requests that still finish leave no trace here. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.writes);
  }

  /** Other replicas note the same token: whoever comes second within the minute finds it written. */
  private async write(id: string, at: Date): Promise<void> {
    const stale = new Date(at.getTime() - INTERVAL_MS);
    const criteria = { id, lastUsedAt: Or(IsNull(), LessThan(stale)) };
    await this.dataSource.manager.update(ApiToken, criteria, { lastUsedAt: at });
  }

  private makeRoom(): void {
    if (this.notedAtMs.size <= MAX_ENTRIES) return;
    const oldest = this.notedAtMs.keys().next();
    if (!oldest.done) this.notedAtMs.delete(oldest.value);
  }
}
