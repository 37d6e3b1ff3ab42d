import fc from 'fast-check';
import { RefusalPace } from '../../src/http/refusal-pace.js';

const WINDOW_MS = 10_000;
const MAX_WAIT_MS = 5_000;
const longestWait = (): number => 0;

class Clock {
  ms = 0;
  readonly now = (): number => this.ms;
}

describe('the pace of refusals', () => {
  it('answers as many as the limit at once, and the next at that pace', () => {
    const clock = new Clock();
    const pace = new RefusalPace(4, clock.now, longestWait);
    expect([1, 2, 3, 4, 5, 6].map(() => pace.add('a', 1))).toEqual([0, 0, 0, 0, 2_500, 5_000]);
    expect(pace.add('b', 1)).toBe(0);
    clock.ms = 5_000;
    expect(pace.add('a', 1)).toBe(2_500);
    clock.ms = 60_000;
    expect(pace.add('a', 1)).toBe(0);
  });

  it('takes a large one for many', () => {
    const clock = new Clock();
    const pace = new RefusalPace(100, clock.now, longestWait);
    expect(pace.add('a', 100)).toBe(0);
    expect(pace.add('a', 20)).toBe(2_000);
    expect(pace.add('a', 1_000_000)).toBe(MAX_WAIT_MS);
    // Who was told to wait for the longest is no longer in debt for it than that.
    clock.ms = WINDOW_MS + MAX_WAIT_MS;
    expect(pace.add('a', 1)).toBe(0);
  });

  it('lets nobody wait longer than it says, and lets no more than twice the limit leave in a window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), fc.constantFrom('a', 'b')), { maxLength: 300 }),
        (limit, steps) => {
          const clock = new Clock();
          const pace = new RefusalPace(limit, clock.now, longestWait);
          const left: Record<string, number[]> = { a: [], b: [] };
          for (const [passedMs, sender] of steps) {
            clock.ms += passedMs;
            const waitMs = pace.add(sender, 1);
            expect(waitMs).toBeGreaterThanOrEqual(0);
            expect(waitMs).toBeLessThanOrEqual(MAX_WAIT_MS);
            // The longest wait is kept to whatever comes: beyond it a sender needs ever more connections.
            if (waitMs < MAX_WAIT_MS) left[sender]!.push(clock.ms + waitMs);
          }
          for (const times of Object.values(left)) {
            for (const from of times) {
              const inWindow = times.filter((at) => at >= from && at < from + WINDOW_MS);
              expect(inWindow.length).toBeLessThanOrEqual(2 * limit + 1);
            }
          }
        },
      ),
    );
  });

  it('does not let those leave together that wait as long as they may', () => {
    let draws = 0;
    const pace = new RefusalPace(
      1,
      () => 0,
      () => draws++ / 4,
    );
    pace.add('a', 100);
    expect([1, 2, 3].map(() => pace.add('a', 1))).toEqual([0.875, 0.75, 0.625].map((share) => share * MAX_WAIT_MS));
  });

  it('remembers a bounded number of senders', () => {
    const pace = new RefusalPace(1, () => 0, longestWait);
    pace.add('first', 1);
    expect(pace.add('first', 1)).toBe(MAX_WAIT_MS);
    for (let n = 0; n < 10_000; n += 1) pace.add(`sender ${n}`, 1);
    expect(pace.add('first', 1)).toBe(0);
  });
});
