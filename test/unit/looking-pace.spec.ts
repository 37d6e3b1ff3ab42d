import { jest } from '@jest/globals';
import { LookingPace } from '../../src/common/looking-pace.js';

describe('How often work of others is looked for', () => {
  const pace = (): LookingPace => new LookingPace({ everyMs: 1_000, idleMs: 5_000, idleAfter: 3 });

  it('falls once nothing was found for a while, and not before', () => {
    const looking = pace();
    const waits = Array.from({ length: 5 }, () => {
      const { waitMs } = looking;
      looking.looked(false);
      return waitMs;
    });
    expect(waits).toEqual([1_000, 1_000, 1_000, 5_000, 5_000]);
  });

  it('leaves out no round while something is found, however long the round took', () => {
    const looking = pace();
    for (const hasFound of [true, false, false]) {
      expect(looking.isDue).toBe(true);
      looking.looked(hasFound);
    }
    expect(looking.isDue).toBe(true);
    looking.looked(false);
    expect(looking.isDue).toBe(false);
  });

  it('leaves out idle rounds until their time', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      const looking = pace();
      for (let looks = 0; looks < 3; looks += 1) looking.looked(false);
      now.mockReturnValue(4_000);
      expect(looking.isDue).toBe(false);
      now.mockReturnValue(4_960);
      expect(looking.isDue).toBe(true);
    } finally {
      now.mockRestore();
    }
  });

  it('rises with the first that is found', () => {
    const looking = pace();
    for (let looks = 0; looks < 10; looks += 1) looking.looked(false);
    looking.looked(true);
    expect(looking.waitMs).toBe(1_000);
  });
});
