import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type FindOptionsWhere, LessThan } from 'typeorm';
import type { AuditAction, AuditRecord } from '../audit/audit-entry.js';
import { recordAudit } from '../audit/audit.repository.js';
import { ApiToken } from '../auth/api-token.entity.js';
import { Authenticator } from '../auth/authenticator.js';
import { hashToken, newApiToken } from '../auth/bearer-token.js';
import { EnvironmentDirectory } from '../auth/environment-directory.js';
import { SCOPES, type Scope } from '../auth/principal.js';
import { notFound } from '../common/not-found.js';
import { type PageDto, startAfter, toPage } from '../common/page.js';
import { instantOf } from '../common/query-property.js';
import { uuidV7 } from '../common/uuid-v7.js';
import type { CreateApiTokenDto, ListApiTokensQuery } from './api-token.dto.js';

export interface ApiTokenOrder {
  name: string;
  environmentId: string;
  /** Absent: all of them. */
  scopes?: readonly Scope[];
  /** Null: never. */
  expiresAt: Date | null;
}

/** A new token: its row, and the text that is shown once and not kept. */
export interface IssuedApiToken {
  token: ApiToken;
  text: string;
}

@Injectable()
export class ApiTokensService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly directory: EnvironmentDirectory,
    private readonly authenticator: Authenticator,
  ) {}

  /** @param actor who creates it, as in the audit trail */
  async create(body: CreateApiTokenDto, actor: string): Promise<IssuedApiToken> {
    const order = {
      name: body.name,
      environmentId: body.environment_id.toLowerCase(),
      scopes: body.scopes,
      expiresAt: body.expires_at === undefined ? null : instantOf(body.expires_at),
    };
    const issued = issueApiToken(order, new Date());
    await this.dataSource.transaction(async (manager) => {
      await this.directory.hold(issued.token.environmentId, manager);
      await insertApiToken(manager, issued.token, actor);
    });
    return issued;
  }

  async list(query: ListApiTokensQuery): Promise<PageDto<ApiToken>> {
    const after = startAfter(query);
    const rows = await this.dataSource.manager.find(ApiToken, {
      where: {
        ...(query.environment_id && { environmentId: query.environment_id }),
        ...(after && { id: LessThan(after) }),
      },
      order: { id: 'DESC' },
      take: query.limit + 1,
    });
    return toPage(rows, query.limit, ({ id }) => id);
  }

  async get(id: string): Promise<ApiToken> {
    const token = await this.dataSource.manager.findOneBy(ApiToken, { id });
    if (!token) throw notFound('API_TOKEN_NOT_FOUND');
    return token;
  }

  /** @param actor who deletes it, as in the audit trail */
  async delete(id: string, actor: string): Promise<void> {
    const count = await this.dataSource.transaction((manager) => deleteApiTokens(manager, { id }, actor));
    if (count === 0) throw notFound('API_TOKEN_NOT_FOUND');
    this.authenticator.forget();
  }
}

/** Scopes are kept once each, in the order of {@link SCOPES}. */
export function issueApiToken({ name, environmentId, scopes, expiresAt }: ApiTokenOrder, now: Date): IssuedApiToken {
  const text = newApiToken();
  const token: ApiToken = {
    id: uuidV7(now.getTime()),
    environmentId,
    name,
    tokenHash: hashToken(text),
    scopes: SCOPES.filter((scope) => !scopes || scopes.includes(scope)),
    expiresAt,
    lastUsedAt: null,
    createdAt: now,
  };
  return { token, text };
}

/** Writes a new token and records that. */
export async function insertApiToken(manager: EntityManager, token: ApiToken, actor: string): Promise<void> {
  await manager.insert(ApiToken, token);
  await recordAudit(manager, [recordOf(token, 'created', actor)]);
}

/** Deletes tokens and records that of each. @returns how many there were */
export async function deleteApiTokens(
  manager: EntityManager,
  where: FindOptionsWhere<ApiToken>,
  actor: string,
): Promise<number> {
  const deletion = manager.createQueryBuilder().delete().from(ApiToken).where(where);
  const result = await deletion.returning('environment_id AS "environmentId", id').execute();
  const deleted = result.raw as Pick<ApiToken, 'environmentId' | 'id'>[];
  await recordAudit(
    manager,
    deleted.map((token) => recordOf(token, 'deleted', actor)),
  );
  return deleted.length;
}

function recordOf(
  { environmentId, id }: Pick<ApiToken, 'environmentId' | 'id'>,
  action: AuditAction,
  actor: string,
): AuditRecord {
  return { environmentId, actor, action, resourceType: 'api_token', resourceId: id };
}
