import type { Reading } from './process-meter.js';
import type { RawAnswer } from './raw-exchange.js';

const MEBIBYTE = 1_048_576;

/** What one request did to the process that served it. */
export interface Measured extends RawAnswer {
  /** Of its body. */
  sentBytes: number;
  /** null: the process was ended, because it did not come to an end with the request. */
  reading: Reading | null;
}

/** No request blocks the event loop for longer, one with a body in the upper half of what is allowed for twice as long. */
const BLOCK_MS = 50;
const LARGE_BODY_BYTES = 4 * MEBIBYTE;

const ERROR_BYTES = 64 * 1024;

/** Times the body. */
const MEMORY_FACTOR = 4;
/** V8 fills its young generation before it collects: 16 MiB, whatever the request is. */
const MEMORY_SLACK_BYTES = 16 * MEBIBYTE;

/** The bounds that the request broke; empty when it kept them all. */
export function brokenBounds({ sentBytes, status, bytes, reading }: Measured): string[] {
  const broken: string[] = [];
  if (reading === null) broken.push('no end');
  else if (status === null) broken.push('no answer');
  if (status !== null && status >= 500) broken.push(`answered ${status}`);
  if ((status === null || status >= 400) && bytes > ERROR_BYTES) broken.push('error too long');
  if (reading && reading.blockMs > blockLimitMs(sentBytes)) broken.push('blocked');
  if (reading && growthOf(reading) > MEMORY_FACTOR * sentBytes + MEMORY_SLACK_BYTES) broken.push('memory');
  return broken;
}

/** Whether no machine can be to blame: one that is busy has made a block three times as long. */
export function isBeyondDoubt({ sentBytes, reading }: Measured): boolean {
  return reading === null || reading.blockMs > 4 * blockLimitMs(sentBytes);
}

function blockLimitMs(sentBytes: number): number {
  return sentBytes > LARGE_BODY_BYTES ? BLOCK_MS * 2 : BLOCK_MS;
}

function growthOf({ heapGrowthBytes, residentGrowthBytes }: Reading): number {
  return Math.max(heapGrowthBytes, residentGrowthBytes);
}

/** The best of several tries of the same request, figure by figure: what the machine added to one is not in all. */
export function bestOf(tries: readonly Measured[]): Measured {
  const readings = tries.flatMap(({ reading }) => reading ?? []);
  const least = (figure: (reading: Reading) => number): number => Math.min(...readings.map(figure));
  const answered = tries.find(({ status }) => status !== null && status < 500) ?? tries[0]!;
  return {
    ...answered,
    bytes: Math.min(...tries.map(({ bytes }) => bytes)),
    reading:
      readings.length === 0
        ? null
        : {
            blockMs: least(({ blockMs }) => blockMs),
            computedMs: least(({ computedMs }) => computedMs),
            heapBytes: least(({ heapBytes }) => heapBytes),
            heapGrowthBytes: least(({ heapGrowthBytes }) => heapGrowthBytes),
            residentGrowthBytes: least(({ residentGrowthBytes }) => residentGrowthBytes),
          },
  };
}

/** One line of the table that a failure shows. */
export function described({ status, bytes, sentBytes, reading }: Measured): string {
  const figures = reading
    ? [
        `block ${reading.blockMs.toFixed(0)} ms`,
        `computed ${reading.computedMs.toFixed(0)} ms`,
        `memory +${(growthOf(reading) / MEBIBYTE).toFixed(0)} MiB`,
      ]
    : ['its process was ended'];
  return [`${sentBytes} bytes`, `status ${status ?? 'none'}`, `answer ${bytes} bytes`, ...figures].join(', ');
}
