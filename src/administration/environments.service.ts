import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, LessThan } from 'typeorm';
import { ApiToken } from '../auth/api-token.entity.js';
import { Authenticator } from '../auth/authenticator.js';
import { EnvironmentDirectory } from '../auth/environment-directory.js';
import { Environment } from '../auth/environment.entity.js';
import { notFound } from '../common/not-found.js';
import { type PageDto, type PageQuery, startAfter, toPage } from '../common/page.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { EnvironmentContents } from './environment-contents.js';

@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly directory: EnvironmentDirectory,
    private readonly authenticator: Authenticator,
    private readonly contents: EnvironmentContents,
  ) {}

  async create(name: string): Promise<Environment> {
    const environment = newEnvironment(name, new Date());
    await this.dataSource.manager.insert(Environment, environment);
    return environment;
  }

  async list(query: PageQuery): Promise<PageDto<Environment>> {
    const after = startAfter(query);
    const rows = await this.dataSource.manager.find(Environment, {
      where: { deletedAt: IsNull(), ...(after && { id: LessThan(after) }) },
      order: { id: 'DESC' },
      take: query.limit + 1,
    });
    return toPage(rows, query.limit, ({ id }) => id);
  }

  async get(id: string): Promise<Environment> {
    const environment = await this.dataSource.manager.findOneBy(Environment, { id, deletedAt: IsNull() });
    if (!environment) throw notFound('ENVIRONMENT_NOT_FOUND');
    return environment;
  }

  async update(id: string, changes: { name?: string }): Promise<Environment> {
    if (changes.name !== undefined) {
      const row = { name: changes.name, updatedAt: new Date() };
      await this.dataSource.manager.update(Environment, { id, deletedAt: IsNull() }, row);
    }
    return this.get(id);
  }

  /** @param actor who deletes it, as in `webhook_revision.changed_by` */
  async delete(id: string, actor: string): Promise<void> {
    const settle = await this.dataSource.transaction(async (manager) => {
      const now = new Date();
      const row = { updatedAt: now, deletedAt: now };
      const { affected } = await manager.update(Environment, { id, deletedAt: IsNull() }, row);
      if (affected !== 1) throw notFound('ENVIRONMENT_NOT_FOUND');
      await manager.delete(ApiToken, { environmentId: id });
      return this.contents.removeAll(id, actor, manager);
    });
    this.directory.forget();
    this.authenticator.forget();
    await settle();
  }
}

export function newEnvironment(name: string, now: Date): Environment {
  return { id: uuidV7(now.getTime()), name, createdAt: now, updatedAt: now, deletedAt: null };
}
