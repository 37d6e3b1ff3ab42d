import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { ApiToken } from '../auth/api-token.entity.js';
import { Authenticator } from '../auth/authenticator.js';
import { hashToken, newApiToken } from '../auth/bearer-token.js';
import { holdEnvironment } from '../auth/hold-environment.js';
import { SCOPES, type Scope, WEBHOOK_SCOPES } from '../auth/principal.js';
import { ApiError } from '../http/errors.js';
import { idFilterOf } from '../reads/id-range.js';
import { notFound } from '../http/not-found.js';
import { mapPart, type PageDto, toPart } from '../reads/page.js';
import { instantOf } from '../openapi/query-property.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { DatabaseClock } from '../database/database-clock.js';
import { idCondition } from '../reads/id-condition.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import {
  type ApiTokenDto,
  type CreateApiTokenDto,
  EXPIRY_RULE,
  type ListApiTokensQuery,
  toApiTokenDto,
} from './dto/api-token.dto.js';
import { deleteApiTokens, insertApiToken } from './api-tokens.repository.js';
import { EnvironmentContents } from './environment-contents.js';

export interface ApiTokenOrder {
  name: string;
  environmentId: string;
  /** Null: for everything in the environment. */
  webhookId: string | null;
  /** Absent: all that such a token can have. */
  scopes?: readonly Scope[];
  /** Null: never. */
  expiresAt: Date | null;
}

/** The text is shown once and not stored. */
export interface IssuedApiToken {
  token: ApiToken;
  text: string;
}

@Injectable()
export class ApiTokensService {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(ApiToken) private readonly tokens: Repository<ApiToken>,
    private readonly contents: EnvironmentContents,
    private readonly authenticator: Authenticator,
    private readonly clock: DatabaseClock,
    private readonly pages: PageReader,
  ) {}

  /**
   * @throws ApiError ENVIRONMENT_NOT_FOUND, WEBHOOK_NOT_FOUND; VALIDATION_FAILED when it has expired already by the
   *   clock that will refuse it, or when a token of one webhook asks for scopes that it cannot hold.
   */
  async create(body: CreateApiTokenDto, actor: string): Promise<IssuedApiToken> {
    const now = this.clock.now();
    const expiresAt = body.expires_at === undefined ? null : instantOf(body.expires_at);
    if (expiresAt && expiresAt <= now) throw ApiError.validation([{ field: 'expires_at', message: EXPIRY_RULE }]);
    const environmentId = body.environment_id.toLowerCase();
    const webhookId = body.webhook_id?.toLowerCase() ?? null;
    refuseUngrantable(body.scopes ?? [], webhookId);
    const issued = issueApiToken({ name: body.name, environmentId, webhookId, scopes: body.scopes, expiresAt }, now);
    await this.dataSource.transaction(async (manager) => {
      if (!(await holdEnvironment(manager, environmentId, 'shared'))) throw notFound('ENVIRONMENT_NOT_FOUND');
      if (webhookId !== null) await this.contents.holdWebhook(environmentId, webhookId, manager);
      await insertApiToken(manager, issued.token, actor);
    });
    return issued;
  }

  list(query: ListApiTokensQuery, reader: Reader): Promise<PageDto<ApiTokenDto>> {
    const ids = idFilterOf(query);
    return this.pages.read({ list: 'api-token', environmentId: null }, query, reader, async ({ before, limit }) => {
      const tokens = await this.tokens.find({
        where: {
          ...(query.environment_id && { environmentId: query.environment_id }),
          ...idCondition(ids, before),
        },
        order: { id: 'DESC' },
        take: limit + 1,
      });
      return mapPart(
        toPart(tokens, limit, ({ id }) => id),
        toApiTokenDto,
      );
    });
  }

  async get(id: string): Promise<ApiToken> {
    const token = await this.tokens.findOneBy({ id });
    if (!token) throw notFound('API_TOKEN_NOT_FOUND');
    return token;
  }

  async delete(id: string, actor: string): Promise<void> {
    const count = await this.dataSource.transaction((manager) => deleteApiTokens(manager, { id }, actor));
    if (count === 0) throw notFound('API_TOKEN_NOT_FOUND');
    this.authenticator.forget();
  }
}

/** A scope without effect is refused: the caller has a wrong idea of the token. */
function refuseUngrantable(scopes: readonly Scope[], webhookId: string | null): void {
  const failures = scopes
    .map((scope, index) => ({ scope, field: `scopes.${index}` }))
    .filter(({ scope }) => !grantable(webhookId).includes(scope))
    .map(({ scope, field }) => ({
      field,
      message: `must not be ${scope} with webhook_id: a token of one webhook can hold ${WEBHOOK_SCOPES.join(', ')}`,
    }));
  if (failures.length > 0) throw ApiError.validation(failures);
}

function grantable(webhookId: string | null): readonly Scope[] {
  return webhookId === null ? SCOPES : WEBHOOK_SCOPES;
}

/** Scopes are kept once each, in the order of {@link SCOPES}. */
export function issueApiToken(order: ApiTokenOrder, now: Date): IssuedApiToken {
  const { name, environmentId, webhookId, scopes, expiresAt } = order;
  const text = newApiToken();
  const token: ApiToken = {
    id: uuidV7(now.getTime()),
    environmentId,
    webhookId,
    name,
    tokenHash: hashToken(text),
    scopes: grantable(webhookId).filter((scope) => !scopes || scopes.includes(scope)),
    expiresAt,
    lastUsedAt: null,
    createdAt: now,
  };
  return { token, text };
}
