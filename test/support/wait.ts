/** How long a condition may take to come true, unless the caller says otherwise. Generous: two cores run everything. */
export const DEADLINE_MS = 15_000;

/** Between two looks. Short, because a story is as slow as its polling. */
const POLL_MS = 20;

/**
 * Looks again and again until the probe answers something, and gives that back.
 *
 * @param what Names the awaited condition in the error: `the delivery to succeed`.
 * @param probe Answers `undefined`, `null` or `false` while the condition does not hold. What it throws ends the wait.
 * @param deadlineMs Milliseconds after which the wait is an error.
 * @param state Told in the error beside the condition: what was seen last, or the log.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs: number = DEADLINE_MS,
  state: () => string = () => '',
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== null && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain for ${what}\n${state()}`.trimEnd());
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
