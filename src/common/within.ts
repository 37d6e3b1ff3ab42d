/** A timer that fires later than this, in milliseconds, fires after a standstill of the whole process. */
const STANDSTILL_MS = 100;

/**
 * Calls back after so many milliseconds in which the process ran. A process that stood still (a long garbage collection, a
 * machine that was busy with something else) could not take in the answer that is waited for: it gets the time that it
 * missed, once the same again at most.
 *
 * @returns cancels it.
 */
export function startTimer(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const start = (ms: number): void => {
    const dueAt = performance.now() + ms;
    timer = setTimeout(() => {
      const lateMs = performance.now() - dueAt;
      if (lateMs > STANDSTILL_MS) start(Math.min(lateMs, ms));
      else callback();
    }, ms);
  };
  start(ms);
  return () => clearTimeout(timer);
}

/**
 * What the work resolves with, or rejects with `late()` when that takes longer: the work itself goes on, and what becomes
 * of it then is nobody's matter.
 *
 * @param ms milliseconds, as `startTimer` counts them.
 */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let cancel: (() => void) | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    cancel = startTimer(ms, () => reject(late()));
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    cancel?.();
  }
}

/** Waits for the work to end, however it does, and no longer than so many milliseconds. Never rejects. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await within(ms, work, () => new Error('The time to wait is over')).catch(() => undefined);
}
