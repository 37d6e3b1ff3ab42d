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
  isBeingRenewed: boolean;
}

/**
 * From this share of its time on, what is asked for is looked up again beside its use. Without that one request in a second
 * waited for the look-up, where the database is busy as long as for all the rest.
 */
const RENEWED_FROM = 3 / 4;

/**
 * Remembers what the database said, for a moment: requests that come at once share one look-up, and those that keep coming
 * wait for none. What was not found is asked for again each time, so that guesses push out no entry that is in use, and
 * neither is a failure kept.
 */
export class ShortCache<V> {
  private readonly entries = new Map<string, Entry<V>>();

  constructor(private readonly options: ShortCacheOptions<V>) {}

  async get(key: string): Promise<V | null> {
    const nowMs = this.options.nowMs();
    const known = this.entries.get(key);
    if (known && nowMs - known.readAtMs < this.options.ttlMs && nowMs >= known.readAtMs) {
      if (nowMs - known.readAtMs >= this.options.ttlMs * RENEWED_FROM) this.renew(key, known, nowMs);
      return known.value;
    }

    const entry = { value: this.options.load(key), readAtMs: nowMs, isBeingRenewed: false };
    this.entries.delete(key);
    this.entries.set(key, entry);
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
    if (known.isBeingRenewed) return;
    known.isBeingRenewed = true;
    const value = this.options.load(key);
    value.then(
      (found) => {
        // What was forgotten meanwhile stays so.
        if (this.entries.get(key) !== known) return;
        if (found === null) this.entries.delete(key);
        else this.entries.set(key, { value, readAtMs: nowMs, isBeingRenewed: false });
      },
      () => undefined,
    );
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
