import fc from 'fast-check';
import { RETRY_AFTER_LIMIT_MS, retryAfterMs, retryDelayMs } from '../../src/deliveries/engine/retry-policy.js';

const schedule = [5_000, 300_000, 1_800_000];

describe('the retry schedule', () => {
  it.each([
    [1, 0, 4_000],
    [1, 0.5, 5_000],
    [2, 0.5, 300_000],
    [3, 0.999_999, 2_159_999],
  ])('after %d failures with randomness %d waits %d ms', (failures, random, expected) => {
    expect(retryDelayMs(failures, schedule, random)).toBe(expected);
  });

  it('is spent after its last step', () => {
    expect(retryDelayMs(4, schedule, 0.5)).toBeNull();
    expect(retryDelayMs(1, [], 0.5)).toBeNull();
  });

  it('stays within 20 % of its step', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), random, (failures, value) => {
        const step = schedule[failures - 1]!;
        const delay = retryDelayMs(failures, schedule, value)!;
        return delay >= step * 0.8 && delay <= step * 1.2;
      }),
    );
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12);

  it.each([
    ['2', 2_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['999999999999', RETRY_AFTER_LIMIT_MS],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Fri, 01 Jan 2027 12:00:30 GMT', RETRY_AFTER_LIMIT_MS],
  ])('%p asks for %d ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it.each([undefined, '', '-1', '1e3', '1.5', 'soon', 'Thu, 01 Jan 2026 11:00:00 GMT', '12345678901234567890'])(
    '%p asks for nothing',
    (header) => {
      expect(retryAfterMs(header, now)).toBeNull();
    },
  );

  it('is total: any text gives null or a wait within the limit', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = retryAfterMs(header, now);
        return wait === null || (wait >= 0 && wait <= RETRY_AFTER_LIMIT_MS);
      }),
    );
  });
});
