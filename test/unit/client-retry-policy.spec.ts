import {
  type Failure,
  mayBeDone,
  parseRetryAfterMs,
  RETRY_AFTER_MAX_MS,
  retryDelayMs,
} from '../../clients/typescript/src/retry-policy.js';

const status = (code: number, retryAfterMs?: number): Failure => ({ kind: 'status', status: code, retryAfterMs });
const first = { retries: 0, maxRetries: 3, isRepeatable: true };
const once = { ...first, isRepeatable: false };

describe('whether a request is sent again', () => {
  const NOT_DONE = [408, 429];
  const UNCLEAR = [502, 503, 504];
  const NEITHER = [200, 302, 400, 401, 403, 404, 409, 413, 415, 422, 500, 501];

  it('is always so when nothing was done', () => {
    for (const code of NOT_DONE) {
      expect(retryDelayMs(status(code), first, 0)).toBeGreaterThan(0);
      expect(retryDelayMs(status(code), once, 0)).toBeGreaterThan(0);
      expect(mayBeDone(status(code))).toBe(false);
    }
  });

  it('depends on the request when it may have been done', () => {
    for (const failure of [...UNCLEAR.map((code) => status(code)), { kind: 'timeout' }, { kind: 'connection' }]) {
      expect(retryDelayMs(failure as Failure, first, 0)).toBeGreaterThan(0);
      expect(retryDelayMs(failure as Failure, once, 0)).toBeUndefined();
      expect(mayBeDone(failure as Failure)).toBe(true);
    }
  });

  it('is never so after any other answer', () => {
    for (const code of NEITHER) expect(retryDelayMs(status(code, 1_000), first, 0)).toBeUndefined();
  });

  it('ends with the number of retries', () => {
    expect(retryDelayMs(status(503), { ...first, retries: 2 }, 0)).toBeDefined();
    expect(retryDelayMs(status(503), { ...first, retries: 3 }, 0)).toBeUndefined();
    expect(retryDelayMs(status(503), { ...first, maxRetries: 0 }, 0)).toBeUndefined();
  });
});

describe('the wait before it', () => {
  it('doubles from 0.5 s to 8 s, half of it drawn', () => {
    const waits = (random: number): (number | undefined)[] =>
      [0, 1, 2, 3, 4, 5, 50].map((retries) => retryDelayMs(status(503), { ...first, retries, maxRetries: 99 }, random));
    expect(waits(1)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    expect(waits(0)).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000]);
  });

  it('is at least what Retry-After asks for', () => {
    expect(retryDelayMs(status(429, 7_000), first, 0)).toBe(7_000);
    expect(retryDelayMs(status(429, 7_000), first, 1)).toBe(7_500);
    expect(retryDelayMs(status(429, 0), first, 0)).toBe(0);
  });

  it('is not waited for when Retry-After asks for more than a minute', () => {
    expect(RETRY_AFTER_MAX_MS).toBe(60_000);
    expect(retryDelayMs(status(503, 60_000), first, 0)).toBe(60_000);
    expect(retryDelayMs(status(503, 60_001), first, 0)).toBeUndefined();
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2021, 7, 10, 10);

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Tue, 10 Aug 2021 10:00:30 GMT', 30_000],
    ['Tue, 10 Aug 2021 09:59:30 GMT', 0],
    [null, undefined],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['2021-08-10', undefined],
    // More than anybody waits for, and not none.
    ['9'.repeat(10), 9_999_999_999_000],
    ['9'.repeat(400), Infinity],
    ['Abc, -1 GMT', undefined],
    ['Tue, 10 Aug 2021 GMT', undefined],
    ['Tuesday, 10-Aug-21 10:00:30 GMT', undefined],
    ['Tue, 99 Aug 2021 10:00:30 GMT', undefined],
  ])('%j is %j ms', (value, expected) => {
    expect(parseRetryAfterMs(value, now)).toBe(expected);
  });
});
