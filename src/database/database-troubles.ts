import { Injectable } from '@nestjs/common';
import { databaseTroubleOf, type DatabaseTrouble, isPassingTrouble } from '../common/database-trouble.js';

export type NamedTrouble = Exclude<DatabaseTrouble, 'busy'>;

/** A probe every 10 s sees the last trouble, and a repaired database is soon healthy. */
const RECENT_MS = 30_000;

/** The check that a probe waits for fails within a second. */
const PASSING_MS = 2_000;

/** After these, it is checked whether the database can store. */
const OF_STORAGE: ReadonlySet<DatabaseTrouble | null> = new Set<DatabaseTrouble | null>([
  'full',
  'read_only',
  'corrupted',
]);

export function isStorageTrouble(error: unknown): boolean {
  return OF_STORAGE.has(databaseTroubleOf(error));
}

@Injectable()
export class DatabaseTroubles {
  private listener: (trouble: DatabaseTrouble) => void = () => undefined;
  private last: NamedTrouble | null = null;
  /** `performance.now()` */
  private lastAt = -Infinity;
  private storageAt = -Infinity;
  private passingAt = -Infinity;

  listen(listener: (trouble: DatabaseTrouble) => void): void {
    this.listener = listener;
  }

  /** Call it with every statement that failed, and every connection that could not be opened. */
  note(error: unknown): void {
    const trouble = databaseTroubleOf(error);
    if (trouble === null) return;
    this.listener(trouble);
    if (isPassingTrouble(error)) this.passingAt = performance.now();
    // Any trouble makes statements late, too; its own name says more.
    if (trouble === 'busy') return;
    this.last = trouble;
    this.lastAt = performance.now();
    if (OF_STORAGE.has(trouble)) this.storageAt = this.lastAt;
  }

  /** Call it when the database has not answered in time, and the statement that waits for it has not failed yet. */
  noteSilence(): void {
    this.passingAt = performance.now();
  }

  recent(): NamedTrouble | null {
    return performance.now() - this.lastAt < RECENT_MS ? this.last : null;
  }

  /** Whether something failed that may succeed in a moment: what publishes waits for it then. */
  get isPassing(): boolean {
    return performance.now() - this.passingAt < PASSING_MS;
  }

  /** `performance.now()` when a statement last found no room, unreadable files, or no permission to write. */
  get lastStorageTroubleAt(): number {
    return this.storageAt;
  }
}
