import type { Readable } from 'node:stream';

export interface BodyPrefix {
  /** UTF-8 without NUL, which PostgreSQL's `text` refuses: that and what is not UTF-8 became U+FFFD. */
  text: string;
  /** Whether the body had more, or ended before its end was announced. */
  truncated: boolean;
}

export interface BodyLimits {
  /** Bytes after which the connection is closed. Up to here it is read on, so that it can be used again. */
  readLimit?: number;
  /** Bytes that are kept. */
  keep?: number;
}

/**
 * Reads the start of a response's body. Never throws: once there is a status line, a body that breaks off or is too
 * long changes nothing about the outcome. Ends at the latest with the request's signal, which ends the body.
 */
export async function readBodyPrefix(
  body: Readable,
  { readLimit = 65_536, keep = 4_096 }: BodyLimits = {},
): Promise<BodyPrefix> {
  const kept: Buffer[] = [];
  let size = 0;
  let isWhole = false;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (size < keep) kept.push(chunk.subarray(0, keep - size));
      size += chunk.length;
      // Leaving the loop destroys the body. (undici's own `dump` waits for the end of a stalled one.)
      if (size > readLimit) break;
    }
    isWhole = size <= readLimit;
  } catch {
    isWhole = false;
  }
  const truncated = !isWhole || size > keep;
  // A cut may go through a character: `stream` leaves the incomplete end away.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(kept), { stream: truncated });
  return { text: text.replaceAll('\0', '\uFFFD'), truncated };
}
