export interface ShortCacheOptions<V> {
  /** Milliseconds for which a value may be used, counted from the start of its load. */
  ttlMs: number;
  /** The oldest entry makes room for the newest. */
  maxEntries: number;
  load: (key: string) => Promise<V | null>;
  /** Unix time in milliseconds. */
  nowMs: () => number;
}

interface Entry<V> {
  value: Promise<V | null>;
  readAtMs: number;
  isRenewed: boolean;
  /** What replaces it, while that is looked up. */
  next: Entry<V> | null;
}

/**
 * From this share of its time on, what is asked for is looked up again beside its use. Without that one request in a second
 * waited for the look-up, which takes as long as all the rest where the database is busy.
 */
const RENEWED_FROM = 3 / 4;

/**
 * Remembers what the database said, for a moment: requests that come at once share one look-up, and those that keep coming
 * hardly ever wait for one. What was not found is asked for again each time, so that guesses push out no entry that is in use, and
 * neither is a failure kept.
 */
export class ShortCache<V> {
  private readonly entries = new Map<string, Entry<V>>();

  constructor(private readonly options: ShortCacheOptions<V>) {}

  async get(key: string): Promise<V | null> {
    const nowMs = this.options.nowMs();
    const known = this.entries.get(key);
    if (known && this.isInTime(known, nowMs)) {
      if (nowMs - known.readAtMs >= this.options.ttlMs * RENEWED_FROM) this.renew(key, known, nowMs);
      return known.value;
    }

    const entry = known?.next && this.isInTime(known.next, nowMs) ? known.next : this.load(key, nowMs);
    this.keep(key, entry);
    this.makeRoom();
    try {
      const value = await entry.value;
      if (value === null) this.drop(key, entry);
      return value;
    } catch (error) {
      this.drop(key, entry);
      throw error;
    }
  }

  /** Whether something was found for the key the last time, however long ago. */
  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** Whoever asks for this from now on makes a look-up. */
  forget(key: string): void {
    this.entries.delete(key);
  }

  /** To be called after the commit of a change: whoever asks from now on reads what was committed. */
  clear(): void {
    this.entries.clear();
  }

  /** Once for each entry. Where that fails, whoever asks when its time is over asks again, and is told. */
  private renew(key: string, known: Entry<V>, nowMs: number): void {
    if (known.isRenewed) return;
    known.isRenewed = true;
    const next = this.load(key, nowMs);
    known.next = next;
    next.value.then(
      (found) => {
        // What was forgotten meanwhile stays so.
        if (this.entries.get(key) !== known) return;
        if (found === null) this.entries.delete(key);
        else this.keep(key, next);
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

  /** The newest is the last to make room. */
  private keep(key: string, entry: Entry<V>): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
  }

  private drop(key: string, entry: Entry<V>): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }

  private makeRoom(): void {
    if (this.entries.size <= this.options.maxEntries) return;
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }
}
