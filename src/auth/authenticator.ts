import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Config } from '../config/config.js';
import { ACCESS } from '../database/data-sources.js';
import { DatabaseClock } from '../database/database-clock.js';
import { ApiToken } from './api-token.entity.js';
import { bearerTokenOf, hashToken, looksLikeApiToken } from './bearer-token.js';
import type { ApiTokenPrincipal, Principal } from './principal.js';
import { ShortCache } from './short-cache.js';

/** A revocation is in force on every replica after this time at most, and at once on the replica that made it. */
const TTL_MS = 1_000;
const MAX_ENTRIES = 10_000;

@Injectable()
export class Authenticator {
  private readonly adminHash: Buffer | null;
  private readonly principals: ShortCache<ApiTokenPrincipal>;

  constructor(
    config: Config,
    @InjectRepository(ApiToken, ACCESS) private readonly tokens: Repository<ApiToken>,
    private readonly clock: DatabaseClock,
  ) {
    this.adminHash = config.adminToken === null ? null : hashToken(config.adminToken);
    this.principals = new ShortCache({
      ttlMs: TTL_MS,
      maxEntries: MAX_ENTRIES,
      nowMs: Date.now,
      load: (hash) => this.readPrincipal(Buffer.from(hash, 'base64')),
    });
  }

  /**
   * Null: there is no token, or it is malformed, unknown, revoked or expired.
   *
   * @param isSuspect asked before the look-up of a token that is not known as valid. If true, it is not looked up.
   */
  async authenticate(
    authorization: string | undefined,
    isSuspect: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<Principal | null> {
    const token = bearerTokenOf(authorization);
    if (token === null) return null;
    const hash = hashToken(token);
    if (this.adminHash && timingSafeEqual(hash, this.adminHash)) return { kind: 'admin' };
    if (!looksLikeApiToken(token)) return null;

    const key = hash.toString('base64');
    if (!this.principals.has(key) && (await isSuspect())) return null;
    const principal = await this.principals.get(key);
    if (!principal || !isExpired(principal, this.clock.nowMs())) return principal;
    // Looked up again each time, like an unknown token: a faster answer would show the difference.
    this.principals.forget(key);
    return null;
  }

  /** Call it after a revocation has committed. */
  forget(): void {
    this.principals.clear();
  }

  private async readPrincipal(tokenHash: Buffer): Promise<ApiTokenPrincipal | null> {
    const token = await this.tokens.findOneBy({ tokenHash });
    if (!token) return null;
    const { id, name, environmentId, webhookId, scopes, expiresAt } = token;
    return { kind: 'api_token', id, name, environmentId, webhookId, scopes, expiresAt };
  }
}

function isExpired(principal: ApiTokenPrincipal, nowMs: number): boolean {
  return principal.expiresAt !== null && principal.expiresAt.getTime() <= nowMs;
}
