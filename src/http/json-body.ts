import { isUtf8 } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BodyBudget } from './body-budget.js';
import { readBody } from './body-reader.js';
import { ApiError } from './errors.js';
import { isWaitingToBeAsked } from './expect-continue.js';
import { JsonReader } from './json-reader.js';
import { LoopTurns } from './loop-turns.js';

/** In one turn of the event loop: 2 ms for the densest JSON. */
const SLICE_BYTES = 256 * 1024;
/** A body up to this size is read as soon as it has arrived. */
const SMALL_BYTES = 16 * 1024;

export interface BodyOptions {
  maxBodyBytes: number;
  maxEventBytes: number;
  budget: BodyBudget;
  /** They own the memory of a body. Work on bodies takes turns by the last of them. */
  ownersOf: (request: FastifyRequest) => readonly string[];
}

export interface JsonBodies {
  bytesOf(request: FastifyRequest): number;
  drop(request: FastifyRequest): void;
}

interface KnownBody {
  response: ServerResponse;
  /** Null until all bytes have arrived. */
  length: number | null;
  release: () => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Not in a WeakMap, which keeps the whole request for one more collection of young objects: 7 ms each at 3,000
     * requests a second, instead of 4.7.
     */
    knownBody: KnownBody | null;
  }
}

/** Makes `application/json` the only body that the server reads, and keeps payloads as they were written. */
export function useJsonBody(
  server: FastifyInstance,
  { maxBodyBytes, maxEventBytes, budget, ownersOf }: BodyOptions,
): JsonBodies {
  server.decorateRequest('knownBody', null);
  const turns = new LoopTurns();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', (request: FastifyRequest, _payload, done) => {
    const owners = ownersOf(request);
    const known = request.knownBody!;
    const inTurn = (work: () => void): void => turns.run(owners.at(-1)!, work);
    readBody({ request: request.raw, response: known.response, owners }, maxBodyBytes, budget).then(
      ({ bytes, release }) => {
        known.length = bytes.length;
        known.release = release;
        readJsonBody(bytes, maxEventBytes, inTurn, done);
      },
      done,
    );
  });
  // Not earlier: the body's type matters only for clients that may send a body.
  server.addHook('preParsing', (request, reply, _payload, done) => {
    // Published clients send `Content-Type: application/json` even without a body.
    if (!announcesBody(request)) delete request.headers['content-type'];
    else if (isEncoded(request) || !isUtf8Declared(request)) return done(unsupportedMediaType());
    request.knownBody = { response: reply.raw, length: null, release: () => undefined };
    done();
  });
  return {
    bytesOf: (request) => {
      const length = request.knownBody?.length ?? null;
      if (length !== null) return length;
      if (isWaitingToBeAsked(request.raw)) return 0;
      return Math.min(Number(request.headers['content-length'] ?? 0), maxBodyBytes);
    },
    drop: (request) => {
      request.body = undefined;
      request.knownBody?.release();
    },
  };
}

export function unsupportedMediaType(): ApiError {
  return new ApiError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Send the body as application/json in UTF-8, without a content encoding',
  );
}

/**
 * Passes on the value of a body, with opaque members as `VerbatimJson`, or the error of {@link JsonReader}. An empty
 * body is no body. A large body is read in pieces, in turns with other work.
 *
 * @param inTurn runs a piece of work later.
 */
export function readJsonBody(
  body: Buffer,
  maxEventBytes: number,
  inTurn: (work: () => void) => void,
  done: (error: Error | null, value?: unknown) => void,
): void {
  if (body.length === 0) return done(null, undefined);
  const fault = faultOfEncoding(body);
  if (fault !== null) return done(new ApiError('MALFORMED_JSON', fault));
  const reader = new JsonReader(body, maxEventBytes);
  const readSlice = (): void => {
    let isRead: boolean;
    try {
      isRead = reader.advance(SLICE_BYTES);
    } catch (error) {
      return done(error as Error);
    }
    if (isRead) done(null, reader.value);
    else inTurn(readSlice);
  };
  if (body.length <= SMALL_BYTES) readSlice();
  else inTurn(readSlice);
}

/** JSON allows no byte order mark (RFC 8259 §8.1). */
function faultOfEncoding(body: Buffer): string | null {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    return 'The body begins with a byte order mark (EF BB BF); send it without';
  }
  if ((body[0] === 0xff && body[1] === 0xfe) || (body[0] === 0xfe && body[1] === 0xff)) {
    return 'The body begins with a byte order mark of UTF-16; send UTF-8 without a byte order mark';
  }
  return isUtf8(body) ? null : 'The body is not valid UTF-8';
}

function announcesBody(request: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  return transferEncoding !== undefined || (length !== undefined && Number(length) !== 0);
}

function isEncoded(request: FastifyRequest): boolean {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** JSON without a charset is UTF-8 (RFC 8259 §8.1). */
function isUtf8Declared(request: FastifyRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}
