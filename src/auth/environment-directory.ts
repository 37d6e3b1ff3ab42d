import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, Repository } from 'typeorm';
import { Environment } from './environment.entity.js';
import { ShortCache } from './short-cache.js';

const TTL_MS = 1_000;
const MAX_ENTRIES = 1_000;

@Injectable()
export class EnvironmentDirectory {
  private readonly known: ShortCache<true>;

  constructor(@InjectRepository(Environment) environments: Repository<Environment>) {
    this.known = new ShortCache<true>({
      ttlMs: TTL_MS,
      maxEntries: MAX_ENTRIES,
      nowMs: Date.now,
      load: async (id) => ((await environments.existsBy({ id, deletedAt: IsNull() })) ? true : null),
    });
  }

  /** The answer may be a second old. */
  async has(id: string): Promise<boolean> {
    return (await this.known.get(id)) === true;
  }

  /** Call it after a deletion has committed. */
  forget(): void {
    this.known.clear();
  }
}
