import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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
    ['Thursday, 01-Jan-26 12:00:30 GMT', 30_000],
    ['Thu Jan  1 12:00:30 2026', 30_000],
  ])('%p asks for %d ms', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it.each([undefined, '', '-1', '1e3', '1.5', 'soon', 'Thu, 01 Jan 2026 11:00:00 GMT', '12345678901234567890'])(
    '%p asks for nothing',
    (header) => {
      expect(retryAfterMs(header, now)).toBeNull();
    },
  );

  const FORMS: [string, (date: Date) => string][] = [
    ['IMF-fixdate', (date) => date.toUTCString()],
    [
      'RFC 850',
      (date) => {
        const [, day, month, year, time] = date.toUTCString().split(/,? /);
        const weekday = date.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
        return `${weekday}, ${day}-${month}-${year!.slice(2)} ${time} GMT`;
      },
    ],
    [
      'asctime',
      (date) => {
        const [weekday, day, month, year, time] = date.toUTCString().split(/,? /);
        return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
      },
    ],
  ];
  it.each(FORMS)('as a date of the form %s is read', (_, write) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), fc.integer({ min: 0, max: 20_000 }), (seconds, days) => {
        const from = now + days * 86_400_000;
        expect(retryAfterMs(write(new Date(from + seconds * 1000)), from)).toBe(seconds * 1000);
      }),
    );
  });

  it.each(['America/New_York', 'Asia/Kolkata'])('is a date in GMT also for a machine in %s', async (zone) => {
    const source = (path: string): string => new URL(`../../${path}`, import.meta.url).href;
    const dates = FORMS.map(([, write]) => write(new Date(now + 3_600_000)));
    // Jest's own process keeps the zone that it began with.
    const script = `
      import { retryAfterMs } from '${source('src/deliveries/engine/retry-policy.ts')}';
      console.log(JSON.stringify(${JSON.stringify(dates)}.map((date) => retryAfterMs(date, ${now}))));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', source('test/support/run-typescript.mjs'), '--input-type=module', '--eval', script],
      { env: { TZ: zone } },
    );
    expect(JSON.parse(stdout)).toEqual([3_600_000, 3_600_000, 3_600_000]);
  });

  it.each([
    '2026-01-01T12:00:30Z',
    'Thu, 01 Jan 2026 12:00:30',
    'Thu, 01 Jan 2026 12:00:30 UTC',
    'Thu, 01 Jan 2026 12:00:30 +0000',
    'Thu, 01 Jan 2026 12:00:30 EST',
    'Thu, 1 Jan 2026 12:00:30 GMT',
    'thu, 01 jan 2026 12:00:30 gmt',
    'Xyz, 01 Jan 2026 12:00:30 GMT',
    'Thu, 01 January 2026 12:00:30 GMT',
    'Thu, 32 Jan 2026 12:00:30 GMT',
    'Thu, 00 Feb 2026 12:00:30 GMT',
    'Tue, 31 Feb 2026 12:00:30 GMT',
    'Thu, 01 Jan 2026 24:00:30 GMT',
    'Thu, 01 Jan 2026 12:00:30 GMT, 5',
    'Thu, 01-Jan-26 12:00:30 GMT',
    'Thursday, 01-Jan-2026 12:00:30 GMT',
    'Thu Jan 1 12:00:30 2026',
    'Thu Jan 01 2026 12:00:30 GMT+0000 (Coordinated Universal Time)',
    'Jan 1 2026 12:00:30',
    'Sunday, 06-Nov-94 08:49:37 GMT',
  ])('%p is no date of HTTP, or past', (header) => {
    expect(retryAfterMs(header, now)).toBeNull();
  });

  it('is total: any text gives null or a wait within the limit', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = retryAfterMs(header, now);
        return wait === null || (wait >= 0 && wait <= RETRY_AFTER_LIMIT_MS);
      }),
    );
  });
});
