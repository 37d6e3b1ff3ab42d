import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget } from './body-budget.js';
import { ApiError } from './errors.js';
import { sendContinue } from './expect-continue.js';

/**
 * Chunks that may be small, and what those of more have on average at least: each costs some 5 µs, and a read from the socket
 * can hold ten thousand of one byte. No client that writes JSON comes near.
 */
const SMALL_CHUNKS = { free: 500, meanBytes: 16 };

/**
 * Bytes of one body that are taken in a turn of the event loop. Node takes up to 2 MiB of each connection before it looks at
 * anything else, so sixteen bodies at once were 32 MiB: 40 ms of system calls and copies.
 */
const BYTES_PER_TURN = 256 * 1024;

/** Bytes that arrive before they are counted: a look at the budget for each chunk would cost more than the chunk. */
const COUNTED_BYTES = 4_096;

export interface BodySource {
  request: IncomingMessage;
  /** Bytes of the body count until this has been sent: so long the values that were made of them may live. */
  response: ServerResponse;
  /** Whose shares of the budget the body takes from. */
  owners: readonly string[];
}

export interface ReadBody {
  bytes: Buffer;
  /** To be called once nothing that was made of it is needed any more; without that it counts until the answer is out. */
  release: () => void;
}

/**
 * Reads the bytes of a body, and asks the client for them where it waits to be asked.
 *
 * @throws ApiError PAYLOAD_TOO_LARGE before or as soon as there are more than `maxBytes`; RATE_LIMITED or SERVER_BUSY where
 * the budget wants its room; MALFORMED_REQUEST where the client breaks off, or sends a few bytes a chunk. What then still comes
 * is dropped.
 */
export function readBody(
  { request, response, owners }: BodySource,
  maxBytes: number,
  budget: BodyBudget,
): Promise<ReadBody> {
  const announcedBytes = Number(request.headers['content-length'] ?? NaN);
  if (announcedBytes > maxBytes) return Promise.reject(tooLarge());
  const isChunked = Number.isNaN(announcedBytes);

  return new Promise((resolve, reject) => {
    const gathered = new GatheredBytes(isChunked ? maxBytes : announcedBytes);
    const stop = (): void => {
      request.off('data', onData).off('end', onEnd).off('close', onClose);
    };
    let isRefused = false;
    const fail = (error: ApiError): void => {
      isRefused = true;
      stop();
      gathered.drop();
      held.release();
      reject(error);
    };
    const held = budget.hold(owners, fail);
    let chunks = 0;
    let counted = 0;
    let pausedAt = 0;
    const pause = (): void => {
      pausedAt = gathered.length;
      request.pause();
      setImmediate(() => request.resume());
    };
    const count = (): void => {
      const bytes = gathered.length - counted;
      counted = gathered.length;
      held.grow(bytes);
    };
    const onData = (chunk: Buffer): void => {
      if (gathered.length + chunk.length > maxBytes) return fail(tooLarge());
      gathered.add(chunk);
      chunks += 1;
      const areSmall = chunks > SMALL_CHUNKS.free && gathered.length < chunks * SMALL_CHUNKS.meanBytes;
      if (areSmall && isChunked) {
        leaveRest(request, response);
        return fail(tooSmallChunks());
      }
      if (gathered.length - counted >= COUNTED_BYTES) count();
      if (gathered.length - pausedAt >= BYTES_PER_TURN) pause();
    };
    const onEnd = (): void => {
      count();
      if (isRefused) return;
      stop();
      held.complete();
      const { bytes } = gathered;
      // Whoever holds `release` is not to hold the bytes by it.
      gathered.drop();
      resolve({ bytes, release: () => held.release() });
    };
    const onClose = (): void => fail(new ApiError('MALFORMED_REQUEST', 'The body broke off'));
    response.on('close', () => held.release());
    // A stream that flows and has nobody to listen drops what comes.
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    // It may have ended while the request waited for its turn, and emits nothing then.
    if (request.destroyed) onClose();
    else sendContinue(request);
  });
}

/** Chunks in one piece, and hardly more memory than they have bytes, also where each chunk is a byte. */
class GatheredBytes {
  private buffer: Buffer = EMPTY;
  length = 0;

  /** @param maxBytes How many there can be at the most. */
  constructor(private readonly maxBytes: number) {}

  add(chunk: Buffer): void {
    // Node gives each chunk memory of its own; most bodies are one.
    if (this.length === 0) this.buffer = chunk;
    else {
      this.makeRoomFor(chunk.length);
      chunk.copy(this.buffer, this.length);
    }
    this.length += chunk.length;
  }

  get bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  drop(): void {
    this.buffer = EMPTY;
  }

  private makeRoomFor(bytes: number): void {
    const needed = this.length + bytes;
    if (needed <= this.buffer.length) return;
    // Doubled up to an eighth of what there can be, then all of it: copying 4 MiB of 8 took 9 ms, and the piece that was left
    // made the collector come sooner. Memory that was not written to is none yet.
    const isMuchOfAll = needed >= this.maxBytes / 8;
    const larger = Buffer.allocUnsafeSlow(isMuchOfAll ? this.maxBytes : Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const EMPTY = Buffer.alloc(0);

/** Time for a client to see its answer before its connection is closed while it still sends. */
const LEAVE_MS = 250;

/**
 * Reads no more of a body whose rest would cost more than it is worth. Of the chunks that are read already Node makes no
 * events once it has dumped the request, which is what it does with a body that nobody read.
 */
function leaveRest(request: IncomingMessage & { _dump?: () => void }, response: ServerResponse): void {
  request._dump?.();
  // Not sooner: dumping the request has its socket read on.
  setImmediate(() => request.socket.pause());
  response.once('finish', () => setTimeout(() => request.socket.destroy(), LEAVE_MS).unref());
}

function tooSmallChunks(): ApiError {
  return new ApiError('MALFORMED_REQUEST', 'The body comes in too many chunks of too few bytes');
}

function tooLarge(): ApiError {
  return new ApiError('PAYLOAD_TOO_LARGE', 'The body is too large');
}
