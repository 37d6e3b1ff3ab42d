import { ShortCache } from '../../src/auth/short-cache.js';

function cacheOver(load: (key: string) => Promise<string | null>) {
  const loads: string[] = [];
  const clock = { nowMs: 1_000_000 };
  const cache = new ShortCache<string>({
    ttlMs: 1_000,
    maxEntries: 2,
    nowMs: () => clock.nowMs,
    load: (key) => {
      loads.push(key);
      return load(key);
    },
  });
  return { cache, clock, loads };
}

const answered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('The short cache', () => {
  it('loads a value once in its time, and again when that is over', async () => {
    const { cache, clock, loads } = cacheOver((key) => Promise.resolve(key.toUpperCase()));
    expect(await cache.get('a')).toBe('A');
    clock.nowMs += 749;
    expect(await cache.get('a')).toBe('A');
    expect(loads).toEqual(['a']);
    clock.nowMs += 251;
    await cache.get('a');
    expect(loads).toEqual(['a', 'a']);
  });

  it('loads again what it was told to forget, and that alone', async () => {
    const { cache, loads } = cacheOver((key) => Promise.resolve(key.toUpperCase()));
    await cache.get('a');
    await cache.get('b');
    cache.forget('a');
    expect(cache.has('a')).toBe(false);
    await cache.get('a');
    await cache.get('b');
    expect(loads).toEqual(['a', 'b', 'a']);
  });

  it('counts the time from the start of the load, not from its end', async () => {
    let answer: (value: string) => void = () => undefined;
    const { cache, clock, loads } = cacheOver(() => new Promise((resolve) => (answer = resolve)));
    const first = cache.get('a');
    clock.nowMs += 900;
    answer('A');
    await first;
    clock.nowMs += 100;
    const second = cache.get('a');
    answer('A');
    await second;
    expect(loads).toEqual(['a', 'a']);
  });

  it('loads what is in use again before its time is over, once, and nobody waits for it', async () => {
    const answers: ((value: string | null) => void)[] = [];
    const { cache, clock, loads } = cacheOver(() => new Promise((resolve) => answers.push(resolve)));
    const first = cache.get('a');
    answers[0]!('old');
    await first;
    clock.nowMs += 750;
    expect(await Promise.all([cache.get('a'), cache.get('a')])).toEqual(['old', 'old']);
    expect(loads).toHaveLength(2);
    answers[1]!('new');
    await answered();
    expect(await cache.get('a')).toBe('new');
    // Its time began when it was asked for.
    clock.nowMs += 999;
    expect(await cache.get('a')).toBe('new');
    expect(loads).toHaveLength(3);
    answers[2]!(null);
    await answered();
    expect(cache.has('a')).toBe(false);
  });

  it('has what was forgotten while it was loaded again stay so', async () => {
    const answers: ((value: string) => void)[] = [];
    const { cache, clock } = cacheOver(() => new Promise((resolve) => answers.push(resolve)));
    const first = cache.get('a');
    answers[0]!('old');
    await first;
    clock.nowMs += 800;
    await cache.get('a');
    cache.clear();
    answers[1]!('old');
    await answered();
    expect(cache.has('a')).toBe(false);
  });

  it('waits for what it had begun to load again when that takes until its time is over', async () => {
    const answers: ((value: string) => void)[] = [];
    const { cache, clock, loads } = cacheOver(() => new Promise((resolve) => answers.push(resolve)));
    const first = cache.get('a');
    answers[0]!('old');
    await first;
    clock.nowMs += 900;
    await cache.get('a');
    clock.nowMs += 200;
    const late = cache.get('a');
    expect(loads).toHaveLength(2);
    answers[1]!('new');
    expect(await late).toBe('new');
    // But not for longer than it may be used.
    clock.nowMs += 800;
    const again = cache.get('a');
    expect(loads).toHaveLength(3);
    answers[2]!('newer');
    expect(await again).toBe('newer');
  });

  it('lets what is in use outlive what is not', async () => {
    const { cache, clock, loads } = cacheOver((key) => Promise.resolve(key));
    await cache.get('a');
    await cache.get('b');
    clock.nowMs += 800;
    await cache.get('a');
    await answered();
    await cache.get('c');
    expect([cache.has('a'), cache.has('b')]).toEqual([true, false]);
    expect(loads).toEqual(['a', 'b', 'a', 'c']);
  });

  it('tells of a database that went away when the time of what it knows is over', async () => {
    let load = (): Promise<string> => Promise.resolve('A');
    const { cache, clock, loads } = cacheOver(() => load());
    await cache.get('a');
    load = () => Promise.reject(new Error('away'));
    clock.nowMs += 900;
    expect([await cache.get('a'), await cache.get('a')]).toEqual(['A', 'A']);
    await answered();
    expect(loads).toHaveLength(2);
    clock.nowMs += 100;
    await expect(cache.get('a')).rejects.toThrow('away');
  });

  it('loads anew when the clock was set back', async () => {
    const { cache, clock, loads } = cacheOver((key) => Promise.resolve(key));
    await cache.get('a');
    clock.nowMs -= 3_600_000;
    await cache.get('a');
    expect(loads).toHaveLength(2);
  });

  it('lets requests that come at once share one load', async () => {
    const { cache, loads } = cacheOver((key) => Promise.resolve(key));
    await Promise.all([cache.get('a'), cache.get('a'), cache.get('a')]);
    expect(loads).toEqual(['a']);
  });

  it('keeps neither what was not found nor a failure', async () => {
    const answers = [() => Promise.resolve(null), () => Promise.reject(new Error('away')), () => Promise.resolve('A')];
    const { cache } = cacheOver(() => answers.shift()!());
    expect(await cache.get('a')).toBeNull();
    await expect(cache.get('a')).rejects.toThrow('away');
    expect(await cache.get('a')).toBe('A');
  });

  it('reads again what it had begun to read before it was cleared', async () => {
    let answer: (value: string) => void = () => undefined;
    const { cache, loads } = cacheOver(() => new Promise((resolve) => (answer = resolve)));
    const before = cache.get('a');
    const answerBefore = answer;
    cache.clear();
    const after = cache.get('a');
    answerBefore('old');
    answer('new');
    expect(await before).toBe('old');
    expect(await after).toBe('new');
    expect(await cache.get('a')).toBe('new');
    expect(loads).toHaveLength(2);
  });

  it('holds no more than its bound: the oldest goes', async () => {
    const { cache, loads } = cacheOver((key) => Promise.resolve(key));
    for (const key of ['a', 'b', 'c', 'b', 'a']) await cache.get(key);
    expect(loads).toEqual(['a', 'b', 'c', 'a']);
  });
});
