import { nextStepSize, STEP_BESIDE_SMALL } from '../../src/deliveries/engine/fan-out-worker.js';

describe('the size of the next step of a fan-out', () => {
  it.each([
    ['stays when a step took as long as it should', 1_000, 1_000, 40, 1_000],
    ['shrinks by half at most', 2_000, 2_000, 5_000, 1_000],
    ['grows by half at most', 1_000, 1_000, 1, 1_500],
    ['follows what was made', 1_000, 800, 40, 800],
    ['is never below the least', 700, 700, 5_000, 500],
    ['is never above the most', 5_000, 5_000, 1, 5_000],
    ['stays after the small end of a fan-out', 1_000, 3, 5, 1_000],
    ['shrinks when even a small end took long', 2_000, 3, 400, 1_000],
  ])('%s', (_, size, made, tookMs, next) => {
    expect(nextStepSize(size, made, tookMs)).toBe(next);
  });

  it.each([
    ['takes less time', 1_000, 1_000, 30, 500],
    ['is smaller at the least', 120, 120, 500, 100],
    ['grows again', 400, 400, 1, 600],
  ])('%s beside those who wait for it', (_, size, made, tookMs, next) => {
    expect(nextStepSize(size, made, tookMs, STEP_BESIDE_SMALL)).toBe(next);
  });
});
