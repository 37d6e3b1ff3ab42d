/** The size of a typical change notice. */
const PAYLOAD_BYTES = 250;
/** What the payload has beside its filler, about. */
const FRAME_BYTES = 50;

const START = '"payload":{"n":';
const INSTANT = ',"at":';

/**
 * @param n numbers the events of a run from 0, so that the receiver can count losses and repetitions.
 * @param atMs the planned time of the event, by `monotonicMs`; the receiver measures from there. 0: nothing is
 *   measured.
 * @param bytes its size, about.
 */
export function payloadOf(n: number, atMs: number, bytes = PAYLOAD_BYTES): string {
  return `{"n":${n},"at":${atMs.toFixed(3)},"filler":"${fillerOf(bytes)}"}`;
}

let filler = '';

/** Makes a payload as large, about. */
export function fillerOf(bytes = PAYLOAD_BYTES): string {
  if (filler.length !== bytes - FRAME_BYTES) filler = 'x'.repeat(bytes - FRAME_BYTES);
  return filler;
}

export interface PayloadMark {
  n: number;
  atMs: number;
}

/** Reads number and time from a request with a payload of {@link payloadOf}. */
export function markIn(request: string): PayloadMark {
  const start = request.indexOf(START) + START.length;
  const comma = request.indexOf(INSTANT, start);
  const end = request.indexOf(',', comma + INSTANT.length);
  return { n: Number(request.slice(start, comma)), atMs: Number(request.slice(comma + INSTANT.length, end)) };
}
