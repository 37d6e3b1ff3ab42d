import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { IsNull, LessThan, Or, Repository } from 'typeorm';
import { DatabaseClock } from '../database/database-clock.js';
import { ApiToken } from './api-token.entity.js';

/** `last_used_at` shows tokens that nobody needs: a minute is exact enough, and costs one write a minute. */
const INTERVAL_MS = 60_000;
const MAX_ENTRIES = 10_000;

@Injectable()
export class TokenUsage implements BeforeApplicationShutdown {
  private readonly logger = new Logger(TokenUsage.name);
  private readonly notedAtMs = new LRUCache<string, number>({ max: MAX_ENTRIES });
  private readonly writes = new Set<Promise<void>>();
  private stopped = false;

  constructor(
    @InjectRepository(ApiToken) private readonly tokens: Repository<ApiToken>,
    private readonly clock: DatabaseClock,
  ) {}

  /** Returns at once. A failure is logged and does not disturb the request. */
  note(tokenId: string): void {
    const nowMs = this.clock.nowMs();
    const notedAtMs = this.notedAtMs.get(tokenId);
    if (this.stopped || (notedAtMs !== undefined && nowMs - notedAtMs < INTERVAL_MS)) return;
    this.notedAtMs.set(tokenId, nowMs);

    const write = this.write(tokenId, new Date(nowMs))
      .catch((error: unknown) => this.logger.warn({ msg: 'the last use of an API token was not written', err: error }))
      .finally(() => this.writes.delete(write));
    this.writes.add(write);
  }

  /** The pool closes after this. Requests that finish later are not recorded. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.writes);
  }

  /** Only the first replica within a minute writes. */
  private async write(id: string, at: Date): Promise<void> {
    const stale = new Date(at.getTime() - INTERVAL_MS);
    const criteria = { id, lastUsedAt: Or(IsNull(), LessThan(stale)) };
    await this.tokens.update(criteria, { lastUsedAt: at });
  }
}
