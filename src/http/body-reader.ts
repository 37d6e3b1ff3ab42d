import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyBudget } from './body-budget.js';
import { ApiError } from './errors.js';
import { sendContinue } from './expect-continue.js';

/**
 * Beyond 500 small chunks, the chunks must hold 16 bytes on average: each costs about 5 µs, and one read from the
 * socket can hold ten thousand of one byte. No JSON client comes near this limit.
 */
const SMALL_CHUNKS = { free: 500, meanBytes: 16 };

/**
 * Of one body, in one turn of the event loop. Node reads up to 2 MiB of a connection at a time: sixteen bodies at once
 * took 40 ms.
 */
const BYTES_PER_TURN = 256 * 1024;

/** Bytes that may arrive before they are counted: to check the budget for each chunk would cost more than the chunk. */
const COUNTED_BYTES = 4_096;

export interface BodySource {
  request: IncomingMessage;
  /** The body counts until this response is sent: values made from it may live that long. */
  response: ServerResponse;
  owners: readonly string[];
}

export interface ReadBody {
  bytes: Buffer;
  /** Without this call the body counts until the answer is sent. */
  release: () => void;
}

/**
 * Reads the bytes of a body. If the client waits to be asked for them, asks.
 *
 * @throws ApiError PAYLOAD_TOO_LARGE as soon as more than `maxBytes` are announced or have arrived; RATE_LIMITED or
 *   SERVER_BUSY when the budget needs the room; MALFORMED_REQUEST when the client breaks off, or sends tiny chunks.
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
      // Code that holds `release` must not keep the bytes in memory.
      gathered.drop();
      resolve({ bytes, release: () => held.release() });
    };
    const onClose = (): void => fail(new ApiError('MALFORMED_REQUEST', 'The body broke off'));
    response.on('close', () => held.release());
    // A flowing stream without a listener drops what arrives.
    request.on('data', onData).on('end', onEnd).on('close', onClose);
    // The stream may have ended while the request waited for its turn. Then it emits nothing more.
    if (request.destroyed) onClose();
    else sendContinue(request);
  });
}

/** Joins chunks, even of one byte each, with little more memory than the bytes need. */
class GatheredBytes {
  private buffer: Buffer = EMPTY;
  length = 0;

  constructor(private readonly maxBytes: number) {}

  add(chunk: Buffer): void {
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
    // The buffer doubles up to an eighth of the maximum, then gets all of it. Copying 4 MiB of 8 took 9 ms and made
    // garbage. Memory that was never written to is not yet used.
    const isMuchOfAll = needed >= this.maxBytes / 8;
    const larger = Buffer.allocUnsafeSlow(isMuchOfAll ? this.maxBytes : Math.max(needed, 2 * this.buffer.length));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

const EMPTY = Buffer.alloc(0);

/** Time for a client that still sends to read its answer. */
const LEAVE_MS = 250;

/** Stops reading when the rest would cost too much. After `_dump`, Node emits no events for chunks that it has read. */
function leaveRest(request: IncomingMessage & { _dump?: () => void }, response: ServerResponse): void {
  request._dump?.();
  // Not earlier: to dump the request makes its socket read on.
  setImmediate(() => request.socket.pause());
  response.once('finish', () => setTimeout(() => request.socket.destroy(), LEAVE_MS).unref());
}

function tooSmallChunks(): ApiError {
  return new ApiError('MALFORMED_REQUEST', 'The body comes in too many chunks of too few bytes');
}

function tooLarge(): ApiError {
  return new ApiError('PAYLOAD_TOO_LARGE', 'The body is too large');
}
