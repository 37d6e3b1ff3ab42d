import { middleOfInterval } from '../../src/deliveries/queue/latency-intervals.js';
import { LatencyHistogram } from '../../src/stats/latency-histogram.js';

describe('the percentiles of a histogram', () => {
  const histogramOf = (intervals: readonly number[]): LatencyHistogram => {
    const histogram = new LatencyHistogram();
    for (const interval of intervals) histogram.add(interval, 1);
    return histogram;
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  it('are null without attempts', () => {
    expect(new LatencyHistogram().percentiles(0.5, 0.95)).toEqual([null, null]);
  });

  it.each([
    [0.5, 1, 1],
    [0.5, 2, 1],
    [0.5, 3, 2],
    [0.95, 20, 19],
    [0.95, 21, 20],
    [0.99, 20, 20],
    [1, 20, 20],
  ])('%d of the first numbers up to %i is %i', (share, count, expected) => {
    expect(histogramOf(upTo(count)).percentiles(share)).toEqual([expected]);
  });

  it('do not depend on the order in which attempts are added, nor on how many at a time', () => {
    const histogram = new LatencyHistogram();
    for (const interval of [9, 3, 7]) histogram.add(interval, 10);
    histogram.add(3, 70);
    expect(histogram.percentiles(0.5, 0.8, 0.81, 0.95)).toEqual([3, 3, 7, 9]);
    expect(histogram.count).toBe(100);
  });
});

describe('the middle of an interval', () => {
  it('is every millisecond up to 32 exactly, and then grows', () => {
    expect(Array.from({ length: 33 }, (_, interval) => middleOfInterval(interval))).toEqual([0, ...upTo(32)]);
    for (let interval = 1; interval <= 224; interval++) {
      expect(middleOfInterval(interval)).toBeGreaterThan(middleOfInterval(interval - 1));
    }
    function upTo(count: number): number[] {
      return Array.from({ length: count }, (_, index) => index + 1);
    }
  });
});
