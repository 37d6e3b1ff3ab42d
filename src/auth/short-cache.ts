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
}

/**
 * Remembers what the database said, for a moment: requests that come at once share one look-up. What was not found is
 * asked for again each time, so that guesses push out no entry that is in use, and neither is a failure kept.
 */
export class ShortCache<V> {
  private readonly entries = new Map<string, Entry<V>>();

  constructor(private readonly options: ShortCacheOptions<V>) {}

  async get(key: string): Promise<V | null> {
    const nowMs = this.options.nowMs();
    const known = this.entries.get(key);
    if (known && nowMs - known.readAtMs < this.options.ttlMs && nowMs >= known.readAtMs) return known.value;

    const entry = { value: this.options.load(key), readAtMs: nowMs };
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

  private drop(key: string, entry: Entry<V>): void {
    if (this.entries.get(key) === entry) this.entries.delete(key);
  }

  private makeRoom(): void {
    if (this.entries.size <= this.options.maxEntries) return;
    const oldest = this.entries.keys().next();
    if (!oldest.done) this.entries.delete(oldest.value);
  }
}
