/** Brings a payload to some 250 bytes, the size of a typical change notice. */
const FILLER = 'x'.repeat(200);

const START = '"payload":{"n":';
const INSTANT = ',"at":';

/**
 * The payload of an event of the bench.
 *
 * @param n numbers the events of a run from 0, so that the receiver can tell a loss and a repetition by counting.
 * @param atMs when the event was meant to be sent, by `monotonicMs`; the receiver measures from there. 0: nothing is
 *   measured.
 */
export function payloadOf(n: number, atMs: number): string {
  return `{"n":${n},"at":${atMs.toFixed(3)},"filler":"${FILLER}"}`;
}

export interface PayloadMark {
  n: number;
  atMs: number;
}

/** Finds number and instant in the text of a request, whose payload is as {@link payloadOf} wrote it. */
export function markIn(request: string): PayloadMark {
  const start = request.indexOf(START) + START.length;
  const comma = request.indexOf(INSTANT, start);
  const end = request.indexOf(',', comma + INSTANT.length);
  return { n: Number(request.slice(start, comma)), atMs: Number(request.slice(comma + INSTANT.length, end)) };
}
