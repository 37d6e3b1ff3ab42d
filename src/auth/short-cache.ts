import { LRUCache } from 'lru-cache';

export interface ShortCacheOptions<V> {
  /** Milliseconds for which a value may be used, counted from the start of its load. */
  ttlMs: number;
  /** Beyond it, the entry that was not used for longest is removed. */
  maxEntries: number;
  load: (key: string) => Promise<V | null>;
  /** Unix time in milliseconds. */
  nowMs: () => number;
}

interface Entry<V> {
  value: Promise<V | null>;
  readAtMs: number;
  isRenewed: boolean;
  /** Its replacement, while that is loaded. */
  next: Entry<V> | null;
}

/**
 * After this share of its time, an entry in use is loaded again in the background. Without this, one request each
 * second waited for the look-up, which takes as long as everything else when the database is busy.
 */
const RENEWED_FROM = 3 / 4;

/**
 * Remembers the database's answers for a moment. Requests that come together share one look-up, and frequent requests
 * almost never wait for one. Keys that are not found are looked up each time, so that guesses push out no used entry.
 * Failures are not kept either.
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

    const entry = known?.next && this.isInTime(known.next, nowMs) ? known.next : this.load(key, nowMs);
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

  /** Whether the last look-up of the key found something, however long ago. */
  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** The next request for the key makes a look-up. */
  forget(key: string): void {
    this.entries.delete(key);
  }

  /** Call it after the commit of a change: later requests then read what was committed. */
  clear(): void {
    this.entries.clear();
  }

  /** Once for each entry. If it fails, the first request after the entry's time tries again, and gets the failure. */
  private renew(key: string, known: Entry<V>, nowMs: number): void {
    if (known.isRenewed) return;
    known.isRenewed = true;
    const next = this.load(key, nowMs);
    known.next = next;
    next.value.then(
      (found) => {
        // An entry that was removed meanwhile stays removed.
        if (this.entries.peek(key) !== known) return;
        if (found === null) this.entries.delete(key);
        else this.entries.set(key, next);
      },
      () => (known.next = null),
    );
  }

  private load(key: string, nowMs: number): Entry<V> {
    return { value: this.options.load(key), readAtMs: nowMs, isRenewed: false, next: null };
  }

  private isInTime({ readAtMs }: Entry<V>, nowMs: number): boolean {
    return nowMs >= readAtMs && nowMs - readAtMs < this.options.ttlMs;
  }

  private drop(key: string, entry: Entry<V>): void {
    if (this.entries.peek(key) === entry) this.entries.delete(key);
  }
}
