import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, IsNull } from 'typeorm';
import { notFound } from '../http/not-found.js';
import { Environment } from './environment.entity.js';
import { ShortCache } from './short-cache.js';

const TTL_MS = 1_000;
const MAX_ENTRIES = 1_000;

@Injectable()
export class EnvironmentDirectory {
  private readonly known: ShortCache<true>;

  constructor(private readonly dataSource: DataSource) {
    this.known = new ShortCache<true>({
      ttlMs: TTL_MS,
      maxEntries: MAX_ENTRIES,
      nowMs: Date.now,
      load: async (id) => ((await this.dataSource.manager.existsBy(Environment, undeleted(id))) ? true : null),
    });
  }

  /** Whether the environment exists; the answer may be a second old. */
  async has(id: string): Promise<boolean> {
    return (await this.known.get(id)) === true;
  }

  /**
   * Prevents the deletion of the environment until the transaction ends, for code that adds to its contents. Throws
   * ENVIRONMENT_NOT_FOUND when it is already gone.
   */
  async hold(id: string, manager: EntityManager): Promise<void> {
    const held = await manager.findOne(Environment, {
      select: { id: true },
      where: undeleted(id),
      lock: { mode: 'pessimistic_read' },
    });
    if (!held) throw notFound('ENVIRONMENT_NOT_FOUND');
  }

  /** Call it after a deletion has committed. */
  forget(): void {
    this.known.clear();
  }
}

function undeleted(id: string) {
  return { id, deletedAt: IsNull() };
}
