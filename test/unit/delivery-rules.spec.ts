import { jest } from '@jest/globals';
import fc from 'fast-check';
import { Backlog } from '../../src/deliveries/engine/backlog.js';
import type { SettledDelivery } from '../../src/deliveries/delivery.types.js';
import { healthStateOf, isGivenUp, isRefusal, relapseAfterMs } from '../../src/deliveries/engine/endpoint-health.js';
import { environmentRoom, InFlight, webhookRoom } from '../../src/deliveries/engine/in-flight.js';
import { tallyOutcomes } from '../../src/deliveries/engine/outcome-tally.js';
import { StartPermits } from '../../src/deliveries/engine/start-permits.js';
import { Wakeup } from '../../src/deliveries/engine/wakeup.js';
import { attempted, resultOf, tallyOf } from '../support/delivery-fixtures.js';

describe('the health of an endpoint', () => {
  const now = new Date('2026-01-10T12:00:00Z');
  const ago = (ms: number): Date => new Date(now.getTime() - ms);
  const day = 24 * 60 * 60 * 1000;

  it.each([
    [null, 'healthy'],
    [0, 'down'],
    [1, 'recovering'],
  ])('with a limit of %p in flight is %s', (limit, state) => {
    expect(healthStateOf(limit)).toBe(state);
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
  const delivery = (webhookId: string, marks: Partial<SettledDelivery> = {}): SettledDelivery => ({
    id: 'd',
    lease: 'l',
    isTest: false,
    isForced: false,
    isProbe: false,
    target: { environmentId: 'e', webhookId, targetUrl: '', revision: 1, secrets: [] },
    ...marks,
  });
  const startedAt = new Date('2026-01-02T03:04:05.678Z');
  const failed = (webhookId: string, { pauseMs = null as number | null, marks = {}, durationMs = 12 } = {}) => ({
    ...resultOf(
      delivery(webhookId, marks),
      { kind: 'waiting', inMs: 1 },
      attempted('failed', { startedAt, durationMs }),
    ),
    pauseWebhookMs: pauseMs,
  });
  const succeeded = (webhookId: string, marks: Partial<SettledDelivery> = {}) =>
    resultOf(delivery(webhookId, marks), { kind: 'succeeded' }, attempted('succeeded'));

  it('counts the failures after the last success, webhook by webhook in order', () => {
    const results = [
      failed('b'),
      failed('a'),
      succeeded('b'),
      failed('b', { pauseMs: 10 }),
      failed('b', { pauseMs: 5, durationMs: 1_000 }),
    ];
    const lastFailure = { at: startedAt, error: null, status: 500, deliveryId: 'd' };
    expect(tallyOutcomes(results, new Set())).toEqual([
      tallyOf('a', { failures: 1, isRefused: true, lastFailure }),
      tallyOf('b', { successes: 1, failures: 2, pauseMs: 10, relapseAfterMs: 30_000, lastFailure }),
    ]);
  });

  it('leaves out a success of a webhook that is in no trouble', () => {
    const results = [succeeded('a'), failed('b'), succeeded('b')];
    expect(tallyOutcomes(results, new Set(['b']))).toMatchObject([{ webhookId: 'b', successes: 1, failures: 0 }]);
  });

  it('leaves out tests that failed and what was not attempted', () => {
    const released = resultOf(delivery('a'), { kind: 'waiting', inMs: null }, null);
    const tested = failed('a', { pauseMs: 10, marks: { isTest: true } });
    expect(tallyOutcomes([tested, released], new Set(['a']))).toEqual([]);
  });

  it('takes a test that succeeded for no success, but for the end of a pause and a reason to probe', () => {
    const results = [failed('a', { pauseMs: 10 }), succeeded('a', { isTest: true })];
    expect(tallyOutcomes(results, new Set(['a']))).toMatchObject([
      { successes: 0, failures: 1, pauseMs: null, endsPause: true, hastensProbe: true },
    ]);
  });

  it.each([
    [{ isForced: true }, true],
    [{ isProbe: true }, true],
    [{}, false],
  ])('lets a success of %p end a pause: %p', (marks, endsPause) => {
    expect(tallyOutcomes([succeeded('a', marks)], new Set(['a']))).toMatchObject([{ endsPause, hastensProbe: false }]);
  });

  it.each([
    [404, 999, true],
    [500, 3, true],
    [302, 3, true],
    [500, 1_000, false],
    [429, 3, false],
    [502, 3, false],
    [503, 3, false],
    [504, 3, false],
    [null, 3, false],
  ])('takes the answer %p after %d ms for a refusal: %p', (status, durationMs, expected) => {
    expect(isRefusal(status, durationMs)).toBe(expected);
    expect(relapseAfterMs(status, durationMs)).toBe(expected ? 60_000 : durationMs < 1_000 ? 0 : 30_000);
  });
});

/** Webhooks of many environments: none has more than its webhook has. */
const slot = (webhookId: string) => ({ webhookId, environmentId: `environment of ${webhookId}` });

describe('what is in flight', () => {
  let clock: jest.SpiedFunction<typeof performance.now>;
  beforeEach(() => {
    clock = jest.spyOn(performance, 'now');
  });
  afterEach(() => clock.mockRestore());

  it('counts what runs and what is reserved against the limit', () => {
    const inFlight = new InFlight(10, 2);
    const release = inFlight.reserve(4);
    inFlight.take(slot('a'));
    expect(inFlight.room).toBe(5);
    release();
    release();
    expect(inFlight.room).toBe(9);
  });

  it("knows each webhook's room and forgets those that are idle", () => {
    const inFlight = new InFlight(10, 2);
    inFlight.take(slot('a'));
    inFlight.take(slot('a'));
    inFlight.take(slot('b'));
    expect([...inFlight.webhookRooms()]).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    expect([inFlight.hasRoomFor('a'), inFlight.hasRoomFor('c')]).toEqual([false, true]);
    inFlight.end(slot('b'), true);
    expect(inFlight.webhookRooms().has('b')).toBe(false);
  });

  it('lets a webhook lease ahead as many as have succeeded lately, and start no more than its limit', () => {
    const at = (ms: number): unknown => clock.mockReturnValue(1_000 + ms);
    const inFlight = new InFlight(100, 4);
    const start = (): void => {
      inFlight.take(slot('a'));
      inFlight.attemptStarts(slot('a'));
    };
    const room = (): number | undefined => inFlight.webhookRooms().get('a');
    at(0);
    for (let n = 0; n < 4; n++) start();
    expect([room(), inFlight.hasRoomFor('a'), inFlight.mayStart('a')]).toEqual([0, false, false]);

    // A failure tells nothing of how soon the next ends.
    inFlight.end(slot('a'), false);
    start();
    expect(room()).toBe(0);
    for (let n = 0; n < 3; n++) inFlight.end(slot('a'), true);
    for (let n = 0; n < 3; n++) start();
    expect([room(), inFlight.mayStart('a')]).toEqual([3, false]);
    inFlight.take(slot('a'));
    expect([room(), inFlight.mayStart('a')]).toEqual([2, false]);

    at(150);
    expect(room()).toBe(2);
    for (let n = 0; n < 9; n++) {
      inFlight.end(slot('a'), true);
      inFlight.take(slot('a'));
      inFlight.attemptStarts(slot('a'));
    }
    // Never more than attempts may be under way.
    expect(room()).toBe(3);
    at(400);
    expect([room(), inFlight.hasRoomFor('a')]).toEqual([0, false]);
  });

  it('counts to nothing again, and never more attempts than may be or than have a slot', () => {
    const steps = fc.array(fc.record({ webhook: fc.constantFrom('a', 'b'), quick: fc.boolean(), step: fc.nat(2) }));
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (all, own) => {
        const inFlight = new InFlight(16, own);
        const waiting = new Map([
          ['a', 0],
          ['b', 0],
        ]);
        const attempts = new Map([
          ['a', 0],
          ['b', 0],
        ]);
        const add = (counts: Map<string, number>, id: string, by: number): unknown =>
          counts.set(id, counts.get(id)! + by);
        const start = (id: string): void => {
          if (waiting.get(id) === 0 || !inFlight.mayStart(id)) return;
          inFlight.attemptStarts(slot(id));
          add(waiting, id, -1);
          add(attempts, id, 1);
        };
        const end = (id: string, quick: boolean): void => {
          if (attempts.get(id) === 0) return;
          inFlight.end(slot(id), quick);
          add(attempts, id, -1);
        };
        for (const { webhook, quick, step } of all) {
          if (step === 0 && inFlight.room > 0 && inFlight.hasRoomFor(webhook)) {
            inFlight.take(slot(webhook));
            add(waiting, webhook, 1);
          }
          if (step === 1) start(webhook);
          if (step === 2) end(webhook, quick);
          expect(attempts.get(webhook)).toBeLessThanOrEqual(own);
          expect(waiting.get(webhook)! + attempts.get(webhook)!).toBeLessThanOrEqual(2 * own);
        }
        for (const id of ['a', 'b']) {
          while (waiting.get(id)! + attempts.get(id)! > 0) {
            start(id);
            end(id, true);
          }
        }
        expect([inFlight.count, inFlight.room, inFlight.webhookCounts().size]).toEqual([0, 16, 0]);
      }),
    );
  });

  it('is worth filling from a quarter of the limit on, or when nothing runs', () => {
    const inFlight = new InFlight(16, 16);
    for (let n = 0; n < 13; n++) inFlight.take(slot('a'));
    expect(inFlight.isWorthFilling).toBe(false);
    inFlight.end(slot('a'), true);
    expect(inFlight.isWorthFilling).toBe(true);
    const small = new InFlight(1, 1);
    expect(small.isWorthFilling).toBe(true);
    small.take(slot('a'));
    expect(small.isWorthFilling).toBe(false);
  });
});

describe("a webhook's share of the slots", () => {
  const limits = fc.record({ limit: fc.integer({ min: 1, max: 300 }), own: fc.integer({ min: 1, max: 100 }) });
  /** Lets webhooks that never end an attempt take what they may, in turn. */
  const fill = (limit: number, own: number, webhooks: number): InFlight => {
    const inFlight = new InFlight(limit, own);
    for (let isTaking = true; isTaking;) {
      isTaking = false;
      for (let webhook = 0; webhook < webhooks; webhook++) {
        const id = String(webhook);
        if ((inFlight.webhookRooms().get(id) ?? inFlight.idleWebhookRoom) === 0) continue;
        inFlight.take(slot(id));
        isTaking = true;
      }
    }
    return inFlight;
  };

  it.each([
    [256, 64, 1, 192],
    [256, 64, 4, 51],
    [256, 64, 8, 28],
    [256, 64, 300, 0],
    [4, 64, 1, 2],
    [1, 1, 1, 0],
  ])('of %d slots and %d to each, %d webhooks that hang leave %d', (limit, own, webhooks, free) => {
    expect(fill(limit, own, webhooks).room).toBe(free);
  });

  it('leaves others at least one part of as many as hang and one more', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 40 }), ({ limit, own }, webhooks) => {
        const inFlight = fill(limit, own, webhooks);
        return (
          inFlight.room >= Math.floor(limit / (webhooks + 1)) && (inFlight.room === 0 || inFlight.idleWebhookRoom > 0)
        );
      }),
      { numRuns: 30 },
    );
  });

  it('is what can start one by one while fewer are in flight to it than are free, and within its limit', () => {
    fc.assert(
      fc.property(limits, fc.nat(100), ({ limit, own }, count) => {
        let [inFlight, free] = [count, limit];
        while (inFlight < own && inFlight < free) {
          inFlight += 1;
          free -= 1;
        }
        return webhookRoom(count, own, limit) === inFlight - count;
      }),
    );
  });
});

describe("an environment's share of the slots", () => {
  /** Lets environments of very many webhooks that never end an attempt take what they may, in turn. */
  const fill = (limit: number, environments: number): InFlight => {
    const inFlight = new InFlight(limit, limit);
    const ids = Array.from({ length: environments }, (_, n) => String(n));
    let webhook = 0;
    for (let isTaking = true; isTaking;) {
      isTaking = false;
      for (const environmentId of ids) {
        if (inFlight.roomOf([environmentId]) === 0) continue;
        inFlight.take({ environmentId, webhookId: String(webhook++) });
        isTaking = true;
      }
    }
    return inFlight;
  };

  it.each([
    [1_024, 1, 60],
    [1_024, 4, 15],
    [1_024, 16, 3],
    [16, 1, 0],
    [1, 1, 0],
  ])('of %d slots, %d that hang leave %d', (limit, environments, free) => {
    expect(fill(limit, environments).room).toBe(free);
  });

  it('leaves another one room where any is left', () => {
    const inFlight = fill(1_024, 4);
    expect(inFlight.idleEnvironmentRoom).toBe(15);
    expect([...inFlight.environmentRooms().values()]).toEqual([0, 0, 0, 0]);
    expect(inFlight.roomOf(['0', 'other'])).toBe(15);
  });

  it('is what can start one by one while fewer than 16 times as many as are free are in flight in it', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(2_000), (count, limit) => {
        let [inFlight, free] = [count, limit];
        while (inFlight < 16 * free) {
          inFlight += 1;
          free -= 1;
        }
        return environmentRoom(count, limit) === inFlight - count;
      }),
    );
  });
});

describe('the backlog', () => {
  it('knows which webhooks are held back, from one round of claims to the next', () => {
    const backlog = new Backlog();
    backlog.claimBegins(true);
    backlog.holdBack(['a']);
    backlog.claimBegins(false);
    backlog.holdBack(['b']);
    expect(['a', 'b', 'c'].map((id) => backlog.isHeldBack(id))).toEqual([true, true, false]);
    backlog.claimBegins(true);
    expect(backlog.isHeldBack('a')).toBe(false);
  });

  it('names a webhook that got room while it was found to have none', () => {
    const backlog = new Backlog();
    backlog.attemptEnded('a');
    backlog.claimBegins(true);
    expect(backlog.holdBack(['a'])).toEqual([]);
    backlog.claimBegins(true);
    backlog.attemptEnded('a');
    expect([backlog.holdBack(['b']), backlog.holdBack(['a'])]).toEqual([[], ['a']]);
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
