import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { PIPELINE } from '../database/data-sources.js';
import { countSubscribers, type SubscriberCount } from './count-subscribers.js';

/** How long a count may be used, from when it was asked for. */
const FRESH_MS = 1_000;

/** Environments remembered; those counted longest ago go first. */
const CAPACITY = 10_000;

export class Subscribers {
  /** @param toAll to every type. */
  constructor(
    private readonly toAll: number,
    private readonly byType: ReadonlyMap<string, number>,
  ) {}

  of(eventType: string): number {
    return this.toAll + (this.byType.get(eventType) ?? 0);
  }
}

const NONE = new Subscribers(0, new Map());

/** How many webhooks get events, at most a second old: enough to decide how to write the events. */
@Injectable()
export class SubscriberCounts {
  private readonly known = new Map<string, { subscribers: Subscribers; readAt: number }>();

  constructor(@InjectDataSource(PIPELINE) private readonly dataSource: DataSource) {}

  /** Asks the database once for all unknown ones. */
  async of(environmentIds: Iterable<string>): Promise<ReadonlyMap<string, Subscribers>> {
    const now = performance.now();
    const counts = new Map<string, Subscribers>();
    const unknown: string[] = [];
    for (const id of new Set(environmentIds)) {
      const entry = this.known.get(id);
      if (entry && now - entry.readAt < FRESH_MS) counts.set(id, entry.subscribers);
      else unknown.push(id);
    }
    if (unknown.length === 0) return counts;
    const counted = subscribersOf(await countSubscribers(this.dataSource, unknown));
    for (const id of unknown) {
      const subscribers = counted.get(id) ?? NONE;
      counts.set(id, subscribers);
      this.known.delete(id);
      this.known.set(id, { subscribers, readAt: now });
    }
    for (const id of this.known.keys()) {
      if (this.known.size <= CAPACITY) break;
      this.known.delete(id);
    }
    return counts;
  }
}

function subscribersOf(rows: readonly SubscriberCount[]): Map<string, Subscribers> {
  const toAll = new Map<string, number>();
  const byType = new Map<string, Map<string, number>>();
  for (const { environmentId, type, count } of rows) {
    const types = byType.get(environmentId) ?? new Map<string, number>();
    byType.set(environmentId, types);
    if (type === null) toAll.set(environmentId, count);
    else types.set(type, count);
  }
  return new Map([...byType].map(([id, types]) => [id, new Subscribers(toAll.get(id) ?? 0, types)]));
}
