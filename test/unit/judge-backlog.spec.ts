import { judgeBacklog } from '../../src/operations/judge-backlog.js';

const OLD_MS = 300_000;

describe('a look at the backlog', () => {
  it.each([
    ['young', 0, null],
    ['young', OLD_MS - 1, null],
    ['young', OLD_MS, 'became_old'],
    ['old', OLD_MS * 10, null],
    ['old', OLD_MS - 1, null],
    ['old', OLD_MS / 2, null],
    ['old', OLD_MS / 2 - 1, 'became_young'],
    ['old', 0, 'became_young'],
  ] as const)('at one that was %s, of %i ms: %s', (before, ageMs, change) => {
    expect(judgeBacklog(before === 'old', ageMs, OLD_MS)).toBe(change);
  });

  it('tells once of one that stays near the limit', () => {
    let isOld = false;
    const told = [290_000, 301_000, 295_000, 302_000, 151_000, 300_000].filter((ageMs) => {
      const change = judgeBacklog(isOld, ageMs, OLD_MS);
      if (change !== null) isOld = change === 'became_old';
      return change === 'became_old';
    });
    expect(told).toEqual([301_000]);
  });
});
