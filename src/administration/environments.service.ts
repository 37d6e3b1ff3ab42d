import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, IsNull, Not, Repository } from 'typeorm';
import { Authenticator } from '../auth/authenticator.js';
import { EnvironmentDirectory } from '../auth/environment-directory.js';
import { Environment } from '../auth/environment.entity.js';
import { idFilterOf } from '../reads/id-range.js';
import { notFound } from '../http/not-found.js';
import { type ListQuery, mapPart, type PageDto, toPart } from '../reads/page.js';
import { uuidV7 } from '../common/uuid-v7.js';
import { DatabaseClock } from '../database/database-clock.js';
import { idCondition } from '../reads/id-condition.js';
import { PageReader } from '../reads/page-reader.js';
import type { Reader } from '../reads/read-turns.js';
import { deleteApiTokens } from './api-tokens.repository.js';
import {
  type CreateEnvironmentDto,
  type EnvironmentDto,
  toEnvironmentDto,
  type UpdateEnvironmentDto,
} from './dto/environment.dto.js';
import { type ContentsTransaction, EnvironmentContents } from './environment-contents.js';
import { type EnvironmentErasure, findErasure, startErasure } from './environment-erasures.repository.js';
import { changeEnvironment, claimEnvironmentName, insertEnvironment } from './environments.repository.js';

@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(Environment) private readonly environments: Repository<Environment>,
    private readonly directory: EnvironmentDirectory,
    private readonly authenticator: Authenticator,
    private readonly contents: EnvironmentContents,
    private readonly clock: DatabaseClock,
    private readonly pages: PageReader,
  ) {}

  async create(body: CreateEnvironmentDto, actor: string): Promise<Environment> {
    const environment = newEnvironment(body.name, this.clock.now());
    await this.dataSource.transaction(async (manager) => {
      if (!body.allow_duplicate_name) await claimEnvironmentName(manager, body.name);
      await insertEnvironment(manager, environment, actor);
    });
    return environment;
  }

  list(query: ListQuery, reader: Reader): Promise<PageDto<EnvironmentDto>> {
    const ids = idFilterOf(query);
    return this.pages.read({ list: 'environment', environmentId: null }, query, reader, async ({ before, limit }) => {
      const environments = await this.environments.find({
        where: { deletedAt: IsNull(), ...idCondition(ids, before) },
        order: { id: 'DESC' },
        take: limit + 1,
      });
      return mapPart(
        toPart(environments, limit, ({ id }) => id),
        toEnvironmentDto,
      );
    });
  }

  async get(id: string): Promise<Environment> {
    const environment = await this.environments.findOneBy({ id, deletedAt: IsNull() });
    if (!environment) throw notFound('ENVIRONMENT_NOT_FOUND');
    return environment;
  }

  async update(id: string, body: UpdateEnvironmentDto, actor: string): Promise<Environment> {
    const { name } = body;
    if (name !== undefined) {
      await this.dataSource.transaction(async (manager) => {
        const isOther = { id, name: Not(name), deletedAt: IsNull() };
        if (!(await manager.existsBy(Environment, isOther))) return;
        if (!body.allow_duplicate_name) await claimEnvironmentName(manager, name);
        const done = { actor, action: 'changed', changedFields: ['name'] } as const;
        await changeEnvironment(manager, isOther, { name, updatedAt: this.clock.now() }, done);
      });
    }
    return this.get(id);
  }

  async delete(id: string, actor: string): Promise<void> {
    await this.contents.inTransaction((transaction) => this.deleteIn(transaction, id, actor));
  }

  async getErasure(id: string): Promise<EnvironmentErasure> {
    const erasure = await findErasure(this.dataSource, id);
    if (!erasure) throw notFound('ENVIRONMENT_NOT_FOUND');
    return erasure;
  }

  private async deleteIn(transaction: ContentsTransaction, id: string, actor: string): Promise<void> {
    const { manager } = transaction;
    const now = this.clock.now();
    const done = { actor, action: 'deleted' } as const;
    if (!(await changeEnvironment(manager, { id }, { updatedAt: now, deletedAt: now }, done))) {
      throw notFound('ENVIRONMENT_NOT_FOUND');
    }
    await startErasure(manager, id);
    // Webhooks before tokens: the deletion of a webhook locks them in this order.
    await transaction.removeAll(id, actor);
    await deleteApiTokens(manager, { environmentId: id }, actor);
    transaction.afterCommit(() => {
      this.directory.forget();
      this.authenticator.forget();
    });
  }
}

export function newEnvironment(name: string, now: Date): Environment {
  return { id: uuidV7(now.getTime()), name, createdAt: now, updatedAt: now, deletedAt: null };
}
