import { jest } from '@jest/globals';
import { ApiError } from '../../src/http/errors.js';
import type { Config } from '../../src/config/config.js';
import { type EventGroup, FanOutForecast, INLINE_DELIVERIES } from '../../src/deliveries/intake/fan-out-forecast.js';
import type { PendingLimit } from '../../src/deliveries/intake/pending-limit.js';
import { type SubscriberCounts, Subscribers } from '../../src/webhooks/subscriber-counts.js';
import { makeEvent } from '../support/delivery-fixtures.js';

const LIMIT = 100_000;
const MOST_WEBHOOKS = 1_000;

interface Group extends EventGroup {
  name: string;
}

describe('how groups of events are written', () => {
  const counts = new Map<string, Subscribers>();
  const of = jest.fn((ids: Iterable<string>) => Promise.resolve(new Map([...ids].map((id) => [id, counts.get(id)!]))));
  const checkFits = jest.fn<PendingLimit['checkFits']>();
  const forecast = new FanOutForecast(
    { of } as unknown as SubscriberCounts,
    { checkFits } as unknown as PendingLimit,
    { pendingDeliveriesPerEnvironment: LIMIT, webhooksPerEnvironment: MOST_WEBHOOKS } as Config,
  );
  beforeEach(() => {
    of.mockClear();
    checkFits.mockReset();
    counts.clear();
  });

  const groupOf = (environmentId: string, events: number, eventType = 'record:created'): Group => ({
    name: environmentId,
    events: Array.from({ length: events }, () => makeEvent(environmentId, { eventType })),
    deliveries: events,
  });
  const planOf = async (groups: Group[]) => {
    const { inline, deferred, refused } = await forecast.plan(groups);
    const names = (some: Group[]): string[] => some.map(({ name }) => name);
    return {
      inline: names(inline),
      deferred: names(deferred),
      refused: refused.map(({ group, error }) => [group.name, (error as ApiError).code]),
    };
  };
  const subscribed = (environmentId: string, toAll: number, byType: Record<string, number> = {}): void => {
    counts.set(environmentId, new Subscribers(toAll, new Map(Object.entries(byType))));
  };

  it('asks for no webhook while as many as there may be would make no difference', async () => {
    const few = INLINE_DELIVERIES / MOST_WEBHOOKS;
    expect(await planOf([groupOf('a', few)])).toEqual({ inline: ['a'], deferred: [], refused: [] });
    expect(of).not.toHaveBeenCalled();
    subscribed('a', 1);
    expect(await planOf([groupOf('a', few + 1)])).toEqual({ inline: ['a'], deferred: [], refused: [] });
    expect(of).toHaveBeenCalledTimes(1);
  });

  it('asks also where there are more webhooks than may be by now', async () => {
    subscribed('a', INLINE_DELIVERIES);
    const group = { ...groupOf('a', 2), deliveries: 2 * INLINE_DELIVERIES };
    expect((await planOf([group])).deferred).toEqual(['a']);
  });

  it('defers a group that owes more than one statement may make, by who is subscribed to its types', async () => {
    subscribed('a', 16, { 'record:updated': 5 });
    expect((await planOf([groupOf('a', 100)])).inline).toEqual(['a']);
    expect((await planOf([groupOf('a', 100, 'record:updated')])).deferred).toEqual(['a']);
    expect((await planOf([groupOf('a', 126)])).deferred).toEqual(['a']);
  });

  it('defers sooner where it is told to', async () => {
    subscribed('a', 16);
    const group = groupOf('a', 100);
    expect((await forecast.plan([group], 1_600)).deferred).toEqual([]);
    expect((await forecast.plan([group], 1_599)).deferred).toEqual([group]);
  });

  it('defers what the requests of one environment owe together, and not those of the others', async () => {
    subscribed('wide', 100);
    subscribed('narrow', 1);
    const groups = [...Array.from({ length: 21 }, () => groupOf('wide', 1)), groupOf('narrow', 1)];
    const plan = await planOf(groups);
    expect(plan.inline).toEqual(['narrow']);
    expect(plan.deferred).toHaveLength(21);
  });

  it('bounds what the environments of one statement owe together, those first that owe least', async () => {
    for (const [name, width] of [
      ['a', 13],
      ['b', 5],
      ['c', 8],
    ] as const)
      subscribed(name, width);
    const plan = await planOf(['a', 'b', 'c'].map((name) => groupOf(name, 100)));
    expect(plan).toEqual({ inline: ['b', 'c'], deferred: ['a'], refused: [] });
  });

  it('refuses what would be too much if nothing else were pending, with both numbers', async () => {
    subscribed('a', 101);
    const { refused } = await forecast.plan([groupOf('a', 1_000)]);
    expect(refused[0]!.error).toMatchObject({
      code: 'FAN_OUT_TOO_LARGE',
      statusCode: 422,
      details: { deliveries: 101_000, limit: LIMIT },
    });
    subscribed('a', 100);
    expect((await planOf([groupOf('a', 1_000)])).deferred).toEqual(['a']);
  });

  it('refuses what does not fit now, and takes what came with it', async () => {
    subscribed('full', 100);
    subscribed('a', 100);
    checkFits.mockImplementation((environmentId) => {
      if (environmentId === 'full') throw new ApiError('PENDING_LIMIT_REACHED', 'full');
    });
    expect(await planOf([groupOf('full', 100), groupOf('a', 100)])).toEqual({
      inline: [],
      deferred: ['a'],
      refused: [['full', 'PENDING_LIMIT_REACHED']],
    });
  });
});
