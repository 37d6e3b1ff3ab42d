import { LRUCache } from 'lru-cache';

export interface ShortCacheOptions<V> {
  /** How long a value may be used, from the start of its load. */
  ttlMs: number;
  /** Beyond it, the entry unused for longest is removed. */
  maxEntries: number;
  load: (key: string) => Promise<V | null>;
  nowMs: () => number;
}

interface Entry<V> {
  value: Promise<V | null>;
  readAtMs: number;
  isRenewed: boolean;
  replacement: Entry<V> | null;
}

/**
 * After this share of its time, an entry in use is loaded again in the background. Otherwise one request each second
 * waits for a look-up, which is slow when the database is busy.
 */
const RENEWED_FROM = 3 / 4;

/**
 * Remembers the database's answers for a moment. Requests that come together share one look-up. Keys that are not found
 * are not kept, so guesses push out no used entry; nor are failures.
 */
export class ShortCache<V> {
  private readonly entries: LRUCache<string, Entry<V>>;

  constructor(private readonly options: ShortCacheOptions<V>) {
    this.entries = new LRUCache({ max: options.maxEntries });
  }

  async get(key: string): Promise<V | null> {
    const nowMs = this.options.nowMs();
    const known = this.entries.get(key);
    if (known && this.isInTime(known, nowMs)) {
      if (nowMs - known.readAtMs >= this.options.ttlMs * RENEWED_FROM) this.renew(key, known, nowMs);
      return known.value;
    }

    const entry =
      known?.replacement && this.isInTime(known.replacement, nowMs) ? known.replacement : this.load(key, nowMs);
    this.entries.set(key, entry);
    try {
      const value = await entry.value;
      if (value === null) this.drop(key, entry);
      return value;
    } catch (error) {
      this.drop(key, entry);
      throw error;
    }
  }

  /** Whether the last look-up found something, however long ago. */
  has(key: string): boolean {
    return this.entries.has(key);
  }

  forget(key: string): void {
    this.entries.delete(key);
  }

  /** Call it after the commit of a change. */
  clear(): void {
    this.entries.clear();
  }

  /** Once for each entry. After a failure, the first request after the entry's time tries again. */
  private renew(key: string, known: Entry<V>, nowMs: number): void {
    if (known.isRenewed) return;
    known.isRenewed = true;
    const replacement = this.load(key, nowMs);
    known.replacement = replacement;
    replacement.value.then(
      (found) => {
        // An entry that was removed meanwhile stays removed.
        if (this.entries.peek(key) !== known) return;
        if (found === null) this.entries.delete(key);
        else this.entries.set(key, replacement);
      },
      () => (known.replacement = null),
    );
  }

  private load(key: string, nowMs: number): Entry<V> {
    return { value: this.options.load(key), readAtMs: nowMs, isRenewed: false, replacement: null };
  }

  private isInTime({ readAtMs }: Entry<V>, nowMs: number): boolean {
    return nowMs >= readAtMs && nowMs - readAtMs < this.options.ttlMs;
  }

  private drop(key: string, entry: Entry<V>): void {
    if (this.entries.peek(key) === entry) this.entries.delete(key);
  }
}
