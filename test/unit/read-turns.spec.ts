import { jest } from '@jest/globals';
import fc from 'fast-check';
import { ClientGoneError } from '../../src/http/client-gone-error.js';
import { ApiError } from '../../src/http/errors.js';
import { type Reader, type ReadLimits, ReadTurns, type Step } from '../../src/reads/read-turns.js';

const LIMITS = {
  stepsAtOnce: 1,
  rowsPerToken: 1_000,
  rowsPerEnvironment: 1_500,
  waitMs: 1_000,
  answerMs: 1_800,
  restShare: 0,
};
const ROWS = 100;

/** A piece of work that ends when it is told to. */
interface Work {
  name: string;
  end: () => void;
}

/** Turns whose time stands still, and which note whose work runs. */
class Stage {
  readonly running: Work[] = [];
  /** In the order in which they began. */
  readonly begun: string[] = [];
  private readonly timers = new Set<{ ms: number; callback: () => void }>();
  readonly turns: ReadTurns;

  constructor(limits: Partial<ReadLimits> = {}) {
    this.turns = new ReadTurns({ ...LIMITS, ...limits }, (ms, callback) => {
      const timer = { ms, callback };
      this.timers.add(timer);
      return () => this.timers.delete(timer);
    });
  }

  get timersSet(): number {
    return this.timers.size;
  }

  /** Reads in so many steps. */
  read(name: string, reader: Partial<Reader> = {}, steps = 1, rows = ROWS): Promise<void> {
    const { environmentId = 'e', tokenId = 't', signal = new AbortController().signal } = reader;
    return this.turns.run({ environmentId, tokenId, signal }, rows, async (step: Step) => {
      for (let n = 0; n < steps; n++) await step(() => this.work(name));
    });
  }

  /** Ends what has begun first, and lets the next begin. */
  async endOne(): Promise<void> {
    this.running.shift()!.end();
    await this.settle();
  }

  async passTime(ms: number): Promise<void> {
    for (const timer of this.timers) {
      if (timer.ms > ms) continue;
      this.timers.delete(timer);
      timer.callback();
    }
    await this.settle();
  }

  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  private work(name: string): Promise<void> {
    this.begun.push(name);
    return new Promise((end) => this.running.push({ name, end }));
  }
}

const rateLimited = expect.objectContaining({ code: 'RATE_LIMITED', headers: { 'Retry-After': '1' } }) as ApiError;
const databaseBusy = expect.objectContaining({ code: 'DATABASE_BUSY', headers: { 'Retry-After': '1' } }) as ApiError;

describe('turns of reads', () => {
  it('run as many steps at once as they may, and the next when one ends', async () => {
    const stage = new Stage({ stepsAtOnce: 2 });
    const reads = ['a', 'b', 'c'].map((name) => stage.read(name));
    await stage.settle();
    expect(stage.begun).toEqual(['a', 'b']);
    expect(stage.turns.stepsWaiting).toBe(1);
    await stage.endOne();
    expect(stage.begun).toEqual(['a', 'b', 'c']);
    await stage.endOne();
    await stage.endOne();
    await Promise.all(reads);
    expect(stage.turns).toMatchObject({ stepsRunning: 0, stepsWaiting: 0 });
    expect(stage.timersSet).toBe(0);
  });

  it('stay empty for a while after each step where they are to', async () => {
    const stage = new Stage({ restShare: 1 });
    const reads = [stage.read('a'), stage.read('b')];
    await stage.settle();
    await stage.endOne();
    // Its answer does not wait.
    await reads[0];
    expect([stage.begun, stage.turns.stepsRunning]).toEqual([['a'], 1]);
    await stage.passTime(100);
    expect(stage.begun).toEqual(['a', 'b']);
    await stage.endOne();
    await stage.passTime(100);
    expect(stage.turns).toMatchObject({ stepsRunning: 0, stepsWaiting: 0 });
    await Promise.all(reads);
  });

  it('do not where nobody else wants the database', async () => {
    let isWantedByOthers = false;
    const stage = new Stage({ restShare: 1, isWantedByOthers: () => isWantedByOthers });
    const reads = ['a', 'b', 'c'].map((name) => stage.read(name));
    await stage.settle();
    await stage.endOne();
    expect(stage.begun).toEqual(['a', 'b']);
    isWantedByOthers = true;
    await stage.endOne();
    expect(stage.begun).toEqual(['a', 'b']);
    await stage.passTime(100);
    expect(stage.begun).toEqual(['a', 'b', 'c']);
    await stage.endOne();
    await stage.passTime(100);
    await Promise.all(reads);
  });

  it('go round the environments, however much one of them asks for', async () => {
    const stage = new Stage();
    const reads = [1, 2, 3, 4].map((n) => stage.read(`a${n}`, { environmentId: 'a', tokenId: 'a' }));
    await stage.settle();
    reads.push(
      stage.read('b1', { environmentId: 'b', tokenId: 'b' }),
      stage.read('c1', { environmentId: 'c', tokenId: 'c' }),
    );
    await stage.settle();
    while (stage.running.length > 0) await stage.endOne();
    await Promise.all(reads);
    expect(stage.begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'a4']);
  });

  it('let a short read in between the steps of a long one', async () => {
    const stage = new Stage();
    const reads = [stage.read('long', {}, 4)];
    await stage.settle();
    reads.push(stage.read('short'));
    await stage.settle();
    while (stage.running.length > 0) await stage.endOne();
    await Promise.all(reads);
    expect(stage.begun).toEqual(['long', 'short', 'long', 'long', 'long']);
  });

  it('refuse a token more rows than it may have under way, and leave the other tokens theirs', async () => {
    const stage = new Stage();
    const first = stage.read('a', { tokenId: '1' }, 1, 900);
    await expect(stage.read('b', { tokenId: '1' }, 1, 101)).rejects.toEqual(rateLimited);
    const others = [stage.read('c', { tokenId: '1' }, 1, 100), stage.read('d', { tokenId: '2' }, 1, 500)];
    await expect(stage.read('e', { tokenId: '2' }, 1, 1)).rejects.toEqual(rateLimited);
    others.push(stage.read('f', { tokenId: '2', environmentId: 'other' }, 1, 500));
    await stage.settle();
    while (stage.running.length > 0) await stage.endOne();
    await Promise.all([first, ...others]);
    const again = stage.read('g', { tokenId: '1' }, 1, 1_000);
    await stage.settle();
    await stage.endOne();
    await again;
  });

  it('let one read in that is larger than the bound', async () => {
    const stage = new Stage();
    const read = stage.read('a', {}, 1, 10_000);
    await stage.settle();
    await stage.endOne();
    await read;
  });

  it('refuse a step that has waited too long behind others', async () => {
    const stage = new Stage();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const reads = names.map((name) => stage.read(name));
    const refused = expect(stage.read('late')).rejects.toEqual(rateLimited);
    await stage.settle();
    for (let ended = 0; ended < 4; ended++) await stage.endOne();
    await stage.passTime(LIMITS.waitMs);
    await refused;
    await stage.endOne();
    await Promise.all(reads);
    expect(stage.begun).toEqual(names);
  });

  it('blame the database where hardly a step has ended meanwhile, and forget the one that waited', async () => {
    const stage = new Stage();
    const first = stage.read('a');
    const late = stage.read('late', { environmentId: 'b', tokenId: 'b' });
    const refused = expect(late).rejects.toEqual(databaseBusy);
    await stage.settle();
    await stage.passTime(LIMITS.waitMs - 1);
    expect(stage.turns.stepsWaiting).toBe(1);
    await stage.passTime(LIMITS.waitMs);
    await refused;
    expect(stage.turns.stepsWaiting).toBe(0);
    await stage.endOne();
    await first;
    expect(stage.begun).toEqual(['a']);
  });

  it.each([
    ['failed', 'just before', 1_000, databaseBusy],
    ['failed', 'a while before', 5_000, rateLimited],
    ['took longer than one may wait', 'just before', 1_000, databaseBusy],
    ['took longer than one may wait', 'a while before', 5_000, rateLimited],
    ['was quick', 'just before', 1_000, rateLimited],
  ])('say what a wait is for where a step %s %s it', async (what, _, agoMs, refusal) => {
    let now = 10_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      const stage = new Stage();
      const reader = { environmentId: 'e', tokenId: 't', signal: new AbortController().signal };
      const earlier = stage.turns.run(reader, ROWS, (step) =>
        step(() => {
          if (what === 'failed') return Promise.reject(new Error('broken'));
          if (what !== 'was quick') now += LIMITS.waitMs + 1;
          return Promise.resolve();
        }),
      );
      await earlier.catch(() => undefined);
      now += agoMs;
      const reads = ['a', 'b', 'c', 'd', 'e'].map((name) => stage.read(name));
      const refused = expect(stage.read('late')).rejects.toEqual(refusal);
      await stage.settle();
      for (let ended = 0; ended < 4; ended++) await stage.endOne();
      await stage.passTime(LIMITS.waitMs);
      await refused;
      await stage.endOne();
      await Promise.all(reads);
    } finally {
      clock.mockRestore();
    }
  });

  it('answer who waits for a step that hangs, and give its turn on when it has ended', async () => {
    const stage = new Stage();
    const hung = expect(stage.read('hung', {}, 2)).rejects.toEqual(databaseBusy);
    await stage.settle();
    await stage.passTime(LIMITS.answerMs);
    await hung;
    expect(stage.turns.stepsRunning).toBe(1);
    const next = stage.read('next');
    await stage.settle();
    expect(stage.begun).toEqual(['hung']);
    await stage.endOne();
    expect(stage.begun).toEqual(['hung', 'next']);
    await stage.endOne();
    await next;
    expect(stage.turns.stepsRunning).toBe(0);
    expect(stage.timersSet).toBe(0);
  });

  it('count the wait for a turn into the time of an answer', async () => {
    let now = 10_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      const stage = new Stage();
      const first = stage.read('first');
      const hung = expect(stage.read('hung')).rejects.toEqual(databaseBusy);
      await stage.settle();
      now += LIMITS.waitMs - 100;
      await stage.endOne();
      await first;
      expect(stage.begun).toEqual(['first', 'hung']);
      await stage.passTime(LIMITS.answerMs - LIMITS.waitMs + 100);
      await hung;
      await stage.endOne();
    } finally {
      clock.mockRestore();
    }
  });

  it('take out who has left while waiting, and begin no further step of who left while reading', async () => {
    const stage = new Stage();
    const [reading, waiting] = [new AbortController(), new AbortController()];
    const reads = [stage.read('a', { signal: reading.signal }, 3), stage.read('b', { signal: waiting.signal })];
    const gone = Promise.all(reads.map((read) => expect(read).rejects.toBeInstanceOf(ClientGoneError)));
    await stage.settle();
    waiting.abort();
    expect(stage.turns.stepsWaiting).toBe(0);
    reading.abort();
    await stage.endOne();
    await gone;
    expect(stage.begun).toEqual(['a']);
    expect(stage.turns.stepsRunning).toBe(0);
    expect(stage.timersSet).toBe(0);
  });

  it('give a turn back when the work fails', async () => {
    const turns = new ReadTurns(LIMITS);
    const reader = { environmentId: 'e', tokenId: 't', signal: new AbortController().signal };
    const failing = turns.run(reader, ROWS, (step) => step(() => Promise.reject(new Error('broken'))));
    await expect(failing).rejects.toThrow('broken');
    expect(await turns.run(reader, LIMITS.rowsPerToken, (step) => step(() => Promise.resolve(1)))).toBe(1);
  });

  it('never run more than they may, keep nobody waiting for nothing, and lose no read', async () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant('read' as const),
        environment: fc.nat(3),
        token: fc.nat(2),
        steps: fc.integer({ min: 1, max: 3 }),
        rows: fc.integer({ min: 1, max: 600 }),
      }),
      fc.record({ kind: fc.constant('end' as const) }),
      fc.record({ kind: fc.constant('leave' as const), place: fc.nat(20) }),
      fc.record({ kind: fc.constant('timeout' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(action, { maxLength: 60 }),
        async (stepsAtOnce, actions) => {
          const stage = new Stage({ stepsAtOnce });
          const readers: AbortController[] = [];
          const reads: Promise<unknown>[] = [];
          for (const action of actions) {
            if (action.kind === 'read') {
              const reader = new AbortController();
              readers.push(reader);
              const environmentId = `e${action.environment}`;
              const { signal } = reader;
              const tokenId = `${environmentId} t${action.token}`;
              reads.push(
                stage
                  .read('', { environmentId, tokenId, signal }, action.steps, action.rows)
                  .catch((error: unknown) => error),
              );
            } else if (action.kind === 'end' && stage.running.length > 0) {
              stage.running.shift()!.end();
            } else if (action.kind === 'leave') {
              readers[action.place]?.abort();
            } else if (action.kind === 'timeout') {
              await stage.passTime(LIMITS.waitMs);
            }
            await stage.settle();
            expect(stage.running.length).toBeLessThanOrEqual(stepsAtOnce);
            expect(stage.turns.stepsRunning).toBe(stage.running.length);
            if (stage.turns.stepsWaiting > 0) expect(stage.running).toHaveLength(stepsAtOnce);
          }
          while (stage.running.length > 0) await stage.endOne();
          for (const outcome of await Promise.all(reads)) {
            if (outcome === undefined || outcome instanceof ClientGoneError) continue;
            expect([rateLimited, databaseBusy]).toContainEqual(outcome);
          }
          expect(stage.turns).toMatchObject({ stepsRunning: 0, stepsWaiting: 0 });
          expect(stage.timersSet).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});
