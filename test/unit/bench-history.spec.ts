import { History, type HistoryPlan, type PastDelivery, textOfId } from '../../bench/service/history.js';
import { isUuid, timeOf } from '../../src/common/uuid-v7.js';
import { DAY_MS } from '../../src/database/partitions/day-partition.js';
import { deliveryIdsOf } from '../../src/deliveries/delivery-ids.js';

const UNTIL_MS = Date.UTC(2026, 10, 25, 15, 30);
const DAYS = 3;

const webhook = (n: number, weight: number) => ({
  id: `01a20000-0000-7000-8000-00000000000${n}`,
  environmentId: '01a20000-0000-7000-8000-0000000000e0',
  targetUrl: `https://example.com/${n}`,
  eventType: `type:${n}`,
  weight,
});

const plan = (changes: Partial<HistoryPlan> = {}): HistoryPlan => ({
  seed: 1,
  count: 20_000,
  fromMs: UNTIL_MS - DAYS * DAY_MS,
  untilMs: UNTIL_MS,
  webhooks: [webhook(0, 3), webhook(1, 1)],
  rare: { eventType: 'type:rare', count: 5, webhooks: 2 },
  ...changes,
});

const allOf = (history: History): PastDelivery[] => [...history.between(0, Infinity)];

describe('the history that the bench stores', () => {
  it('is the same for one seed, whatever was made before', () => {
    const history = new History(plan());
    const later = history.at(19_999);
    expect(new History(plan()).at(7)).toEqual(history.at(7));
    expect(history.at(19_999)).toEqual(later);
    expect(new History(plan({ seed: 2 })).at(7)).not.toEqual(history.at(7));
  });

  it('has each delivery on one day, in the order of their times', () => {
    const days: PastDelivery[] = [];
    for (let day = 0; day <= DAYS; day += 1) {
      const from = Math.floor(UNTIL_MS / DAY_MS - DAYS + day) * DAY_MS;
      const ofDay = [...new History(plan()).between(from, from + DAY_MS)];
      expect(ofDay.every(({ eventId }) => Math.floor(timeOf(textOfId(eventId)) / DAY_MS) * DAY_MS === from)).toBe(true);
      days.push(...ofDay);
    }
    expect(days.map(({ n }) => n)).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
    const times = days.map(({ createdAtMs }) => createdAtMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('has ids as the program makes them', () => {
    for (const { eventId, deliveryId, createdAtMs } of new History(plan({ count: 200 })).between(0, Infinity)) {
      const [id, ofEvent] = [textOfId(deliveryId), textOfId(eventId)];
      const [first, last] = deliveryIdsOf(ofEvent);
      expect([isUuid(id), isUuid(ofEvent), timeOf(ofEvent)]).toEqual([true, true, createdAtMs]);
      expect([ofEvent[14], ofEvent[19]]).toEqual(['7', expect.stringMatching(/[89ab]/)]);
      expect(first <= id && id <= last && id !== ofEvent).toBe(true);
    }
  });

  it('ends as most histories do, and before its end', () => {
    const deliveries = allOf(new History(plan()));
    const shareOf = (status: string): number =>
      deliveries.filter((delivery) => delivery.status === status).length / deliveries.length;
    expect(shareOf('failed')).toBeCloseTo(0.02, 2);
    expect(shareOf('canceled')).toBeCloseTo(0.01, 2);
    expect(deliveries.filter(({ webhook: { weight } }) => weight === 3).length / deliveries.length).toBeCloseTo(
      0.75,
      1,
    );
    const isWhole = ({ createdAtMs, completedAtMs, attempts, status }: PastDelivery): boolean =>
      createdAtMs <= completedAtMs &&
      completedAtMs <= UNTIL_MS &&
      attempts.every(({ number }, index) => number === index + 1) &&
      attempts.every(
        ({ outcome }, index) => (outcome === 'succeeded') === (status === 'succeeded' && !attempts[index + 1]),
      );
    expect(deliveries.filter((delivery) => !isWhole(delivery))).toEqual([]);
  });

  it('has what is rare at its beginning', () => {
    const rare = allOf(new History(plan())).filter(({ eventType }) => eventType === 'type:rare');
    expect(rare.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4]);
  });
});
