import { BackgroundTask } from '../../src/common/background-task.js';

/** A task of short intervals whose rounds end when the test says so. */
function taskOf(round: () => Promise<void>, everyMs = 5): BackgroundTask {
  return new BackgroundTask({ context: 'Test', purpose: 'do its work', everyMs, round });
}

const held = (): { promise: Promise<void>; end: () => void; fail: (error: Error) => void } => {
  let end!: () => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<void>((resolve, reject) => ((end = resolve), (fail = reject)));
  return { promise, end, fail };
};

const turnOfTimers = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('BackgroundTask', () => {
  it('never has two rounds at once, and skips those that would come meanwhile', async () => {
    let running = 0;
    let most = 0;
    let rounds = 0;
    const task = taskOf(async () => {
      rounds += 1;
      most = Math.max(most, (running += 1));
      await turnOfTimers(20);
      running -= 1;
    });
    task.start();
    while (rounds < 3) await turnOfTimers(5);
    await task.stop();
    expect({ most, running }).toEqual({ most: 1, running: 0 });
  });

  it('goes on after a round that failed', async () => {
    let rounds = 0;
    const task = taskOf(() => {
      rounds += 1;
      return rounds === 1 ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    await task.startNow();
    while (rounds < 2) await turnOfTimers(5);
    await task.stop();
  });

  it('waits for the round under way when it is stopped, ends its pause, and begins no other', async () => {
    const round = held();
    let rounds = 0;
    let hasPaused = false;
    const task = taskOf(async () => {
      rounds += 1;
      await task.pause(60_000);
      hasPaused = true;
      await round.promise;
    });
    task.startBeside();
    let isStopped = false;
    const stopped = task.stop().then(() => (isStopped = true));
    while (!hasPaused) await turnOfTimers(1);
    expect({ isStopped, isStopping: task.isStopping }).toEqual({ isStopped: false, isStopping: true });
    round.end();
    await stopped;
    task.start();
    await task.startNow();
    await turnOfTimers(20);
    expect(rounds).toBe(1);
  });

  it('rejects with the error of the first round where that is waited for, and has no other', async () => {
    let rounds = 0;
    const task = taskOf(() => {
      rounds += 1;
      return Promise.reject(new Error('the first'));
    });
    await expect(task.startWithFirst()).rejects.toThrow('the first');
    await turnOfTimers(20);
    expect(rounds).toBe(1);
  });
});
