import { LockWatch, RELOCK_AFTER_BREAK_MS, RELOCK_MS } from '../../src/deliveries/engine/lock-watch.js';

describe('a watch of locks', () => {
  const one = { id: 'one', seenAt: '12:00:00' };
  const other = { id: 'other', seenAt: '12:00:01' };

  it('takes for dead whose lock stays free', () => {
    const watch = new LockWatch();
    expect(watch.note([one], 0, 10)).toEqual([]);
    expect(watch.note([one, other], 10 + RELOCK_MS - 1, 10 + RELOCK_MS)).toEqual([]);
    expect(watch.note([one, other], 10 + RELOCK_MS, 20 + RELOCK_MS)).toEqual([one]);
  });

  it('takes nobody for dead who took the lock again meanwhile', () => {
    const watch = new LockWatch();
    watch.note([one], 0, 0);
    watch.note([], 100, 100);
    expect(watch.note([one], RELOCK_MS, RELOCK_MS)).toEqual([]);
  });

  it('takes nobody for dead who has sent a heartbeat since', () => {
    const watch = new LockWatch();
    watch.note([one], 0, 0);
    expect(watch.note([{ ...one, seenAt: '12:00:02' }], RELOCK_MS, RELOCK_MS)).toEqual([]);
  });

  it('gives the others more time after its own connection broke', () => {
    const watch = new LockWatch(RELOCK_AFTER_BREAK_MS);
    watch.note([one], 0, 0);
    expect(watch.note([one], RELOCK_AFTER_BREAK_MS - 1, RELOCK_AFTER_BREAK_MS - 1)).toEqual([]);
    expect(watch.note([one], RELOCK_AFTER_BREAK_MS, RELOCK_AFTER_BREAK_MS)).toEqual([one]);
  });

  it('wants to look again when it can decide', () => {
    const watch = new LockWatch();
    expect(watch.nextInMs(0, 250)).toBe(250);
    watch.note([one], 0, 0);
    expect(watch.nextInMs(0, 250)).toBe(250);
    expect(watch.nextInMs(RELOCK_MS - 100, 250)).toBe(100);
    expect(watch.nextInMs(RELOCK_MS + 1, 250)).toBe(250);
  });
});
