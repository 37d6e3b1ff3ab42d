import { setTimeout as sleep } from 'node:timers/promises';
import { startTimer, within } from '../../src/common/within.js';

/** Nothing runs meanwhile: no timer, no answer. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const late = (): Error => new Error('late');
const never = new Promise<never>(() => undefined);

describe('work that has so much time', () => {
  it('is waited for', async () => {
    expect(await within(10_000, Promise.resolve(1), late)).toBe(1);
    await expect(within(10_000, Promise.reject(new Error('broken')), late)).rejects.toThrow('broken');
    await expect(within(20, never, late)).rejects.toThrow('late');
  });

  it('is not late when its answer comes in the time that the process missed', async () => {
    const answer = within(50, sleep(100, 'answer'), late);
    standStill(400);
    expect(await answer).toBe('answer');
  });

  it('is late after a standstill, too, once it has had as much time again', async () => {
    const answer = within(50, never, late);
    standStill(400);
    await expect(answer).rejects.toThrow('late');
  });

  it('has a timer that can be cancelled before and after a standstill', async () => {
    let calls = 0;
    const count = (): void => void (calls += 1);
    startTimer(20, count)();
    const cancel = startTimer(150, count);
    standStill(400);
    await sleep(50);
    cancel();
    await sleep(300);
    expect(calls).toBe(0);
  });
});
