import { isDown, isGivenUp } from '../../src/deliveries/engine/endpoint-health.js';
import { tallyFailures } from '../../src/deliveries/engine/failure-tally.js';
import { InFlight } from '../../src/deliveries/engine/in-flight.js';
import { StartPermits } from '../../src/deliveries/engine/start-permits.js';
import { Wakeup } from '../../src/deliveries/engine/wakeup.js';
import { attempted, resultOf } from '../support/delivery-fixtures.js';

describe('the health of an endpoint', () => {
  const now = new Date('2026-01-10T12:00:00Z');
  const ago = (ms: number): Date => new Date(now.getTime() - ms);
  const day = 24 * 60 * 60 * 1000;

  it.each([
    [20, 60_000, true],
    [19, 600_000, false],
    [500, 59_999, false],
  ])('%d failures in a row over %d ms: down %p', (consecutiveFailures, ms, expected) => {
    expect(isDown({ consecutiveFailures, failingSince: ago(ms), failureDays: 1 }, now)).toBe(expected);
  });

  it.each([
    [5 * day, 2, true],
    [5 * day - 1, 5, false],
    [30 * day, 1, false],
  ])('failing for %d ms, on %d of the last days: given up %p', (ms, failureDays, expected) => {
    expect(isGivenUp({ consecutiveFailures: 1, failingSince: ago(ms), failureDays }, now)).toBe(expected);
  });
});

describe('what a batch of results adds to the health of webhooks', () => {
  const delivery = (webhookId: string, isTest = false) => ({
    id: 'd',
    lease: 'l',
    isTest,
    isForced: false,
    target: { environmentId: 'e', webhookId, targetUrl: '', revision: 1, secrets: [] },
  });
  const failed = (webhookId: string, pauseWebhookMs: number | null = null, isTest = false) => ({
    ...resultOf(delivery(webhookId, isTest), { kind: 'waiting', inMs: 1 }, attempted('failed')),
    pauseWebhookMs,
  });
  const succeeded = (webhookId: string) => resultOf(delivery(webhookId), { kind: 'succeeded' }, attempted('succeeded'));

  it('counts the failures after the last success, webhook by webhook in order', () => {
    expect(tallyFailures([failed('b'), failed('a'), succeeded('b'), failed('b', 10), failed('b', 5)])).toEqual([
      { webhookId: 'a', failures: 1, pauseMs: null },
      { webhookId: 'b', failures: 2, pauseMs: 10 },
    ]);
  });

  it('leaves out test deliveries and those without an attempt', () => {
    const released = resultOf(delivery('a'), { kind: 'waiting', inMs: null }, null);
    expect(tallyFailures([failed('a', null, true), released])).toEqual([]);
  });
});

describe('what is in flight', () => {
  it('counts what runs and what is reserved against the limit', () => {
    const inFlight = new InFlight(10, 2);
    const release = inFlight.reserve(4);
    inFlight.start('a');
    expect(inFlight.room).toBe(5);
    release();
    release();
    expect(inFlight.room).toBe(9);
  });

  it("knows each webhook's room and forgets those that are idle", () => {
    const inFlight = new InFlight(10, 2);
    inFlight.start('a');
    inFlight.start('a');
    inFlight.start('b');
    expect(inFlight.webhookRooms()).toEqual(
      new Map([
        ['a', 0],
        ['b', 1],
      ]),
    );
    expect([inFlight.hasRoomFor('a'), inFlight.hasRoomFor('c')]).toEqual([false, true]);
    inFlight.end('b');
    expect(inFlight.webhookRooms().has('b')).toBe(false);
  });
});

describe('the permit to start an attempt', () => {
  it('ends with the window after the webhook was read', () => {
    const permits = new StartPermits(1_000);
    expect(permits.check('w', 1, 500, 1_500)).toBe('allowed');
    expect(permits.check('w', 1, 500, 1_501)).toBe('late');
  });

  it('is not given under a revision that has been superseded here', () => {
    const permits = new StartPermits(Infinity);
    permits.raise('w', 3, 0);
    permits.raise('w', 2, 1);
    expect([2, 3, 4].map((revision) => permits.check('w', revision, 0, 10))).toEqual([
      'superseded',
      'allowed',
      'allowed',
    ]);
    expect(permits.check('other', 1, 0, 10)).toBe('allowed');
  });

  it('forgets a change when nothing that was read before it can arrive any more', () => {
    const permits = new StartPermits(Infinity);
    permits.raise('w', 3, 0);
    permits.raise('other', 1, 60_001);
    expect(permits.check('w', 2, 0, 60_002)).toBe('allowed');
  });
});

describe('a wake-up', () => {
  it('ends a wait at once, also when it came before the wait', async () => {
    const wakeup = new Wakeup();
    wakeup.wake();
    await wakeup.wait(60_000);
    const waiting = wakeup.wait(60_000);
    wakeup.wake();
    await waiting;
  });

  it('is kept once, not counted', async () => {
    const wakeup = new Wakeup();
    wakeup.wake();
    wakeup.wake();
    await wakeup.wait(60_000);
    const start = performance.now();
    await wakeup.wait(30);
    expect(performance.now() - start).toBeGreaterThan(25);
  });
});
