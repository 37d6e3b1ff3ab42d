import fc from 'fast-check';
import { PublishingPace } from '../../src/events/publishing-pace.js';
import { WaitingShare } from '../../src/events/waiting-share.js';

const LIMIT = { events: 20_000, bytes: 64_000_000 };
const one = { events: 1, bytes: 250 };

describe('what may wait for its statement', () => {
  it('leaves one in five to others, however much one environment publishes', () => {
    const share = new WaitingShare(LIMIT);
    while (share.tryToAdd('greedy', one));
    expect(share.events).toBe(16_000);
    expect(share.tryToAdd('other', { events: 1_000, bytes: 250_000 })).toBe(true);
  });

  it('takes the largest request of an environment that has nothing waiting, and nothing beyond the limit', () => {
    const share = new WaitingShare(LIMIT);
    expect(share.tryToAdd('a', { events: 1, bytes: LIMIT.bytes + 1 })).toBe(false);
    expect(share.tryToAdd('a', { events: LIMIT.events + 1, bytes: 1 })).toBe(false);
    expect(share.tryToAdd('a', { events: LIMIT.events, bytes: LIMIT.bytes })).toBe(true);
    expect(share.tryToAdd('b', one)).toBe(false);
    share.remove('a', { events: LIMIT.events, bytes: LIMIT.bytes });
    expect([share.events, share.tryToAdd('b', one)]).toEqual([0, true]);
  });

  it('leaves one part in four for each of those that publish as fast as they can, and one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 8 }), (size, greedy) => {
        const share = new WaitingShare(LIMIT);
        const names = Array.from({ length: greedy }, (_, n) => `greedy ${n}`);
        const addOfEach = () => names.map((name) => share.tryToAdd(name, { events: size, bytes: size }));
        while (addOfEach().some(Boolean));
        const least = LIMIT.events / (4 * greedy + 1) - greedy * size;
        return LIMIT.events - share.events >= least && (least < 1 || share.tryToAdd('other', one));
      }),
      { numRuns: 50 },
    );
  });
});

describe('how much environments publish', () => {
  it('counts the deliveries of about the last second', () => {
    const pace = new PublishingPace();
    for (let ms = 0; ms < 5_000; ms += 50) pace.add('steady', 1, ms);
    expect(pace.add('steady', 1, 5_000)).toBeGreaterThan(19);
    expect(pace.add('steady', 1, 5_001)).toBeLessThan(22);
    expect(pace.add('steady', 1, 15_000)).toBeLessThan(1.01);
    expect(pace.add('other', 100, 15_000)).toBe(100);
  });

  it('learns what an event makes, and forgets in time what it made once', () => {
    const pace = new PublishingPace();
    expect(pace.expectedDeliveries('e', 3)).toBe(3);
    pace.add('e', 1, 0);
    for (let n = 0; n < 30; n++) pace.learn('e', 10, 500);
    expect(Math.round(pace.expectedDeliveries('e', 2))).toBe(100);
    expect(pace.add('e', 2, 60_000)).toBeCloseTo(100, 0);
    for (let n = 0; n < 60; n++) pace.learn('e', 10, 0);
    expect(pace.expectedDeliveries('e', 2)).toBe(2);
  });

  it('is remembered of ten thousand environments', () => {
    const pace = new PublishingPace();
    pace.add('first', 500, 0);
    for (let n = 0; n < 9_999; n++) pace.add(`e${n}`, 1, 0);
    expect(pace.add('first', 1, 0)).toBe(501);
    pace.add('one more', 1, 0);
    expect(pace.add('e0', 1, 0)).toBe(1);
  });
});
