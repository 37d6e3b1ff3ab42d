/**
 * Rejects with `late()` when the work takes longer. The work then goes on, and its outcome is ignored.
 *
 * @param ms milliseconds.
 */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for the work to end or fail, at most so many milliseconds. Never rejects. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await within(ms, work, () => new Error('The time to wait is over')).catch(() => undefined);
}
