import { isUtf8 } from 'node:buffer';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from './errors.js';
import { scanJson, type OpaqueSpan } from './json-scanner.js';
import { VerbatimJson, type JsonKind } from './verbatim-json.js';

/** Levels of objects and arrays that a body may have, and that a payload may have within itself. */
export const MAX_JSON_DEPTH = 64;

/**
 * Makes `application/json` the only body that the server reads, and keeps payloads as they were written.
 *
 * @param maxBodyBytes A longer body is refused with 413 before it is read to its end.
 */
export function useJsonBody(server: FastifyInstance, maxBodyBytes: number): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    (_request, body: Buffer, done) => {
      try {
        done(null, parseJsonBody(body));
      } catch (error) {
        done(error as Error, undefined);
      }
    },
  );
  // Not sooner: whether the body is one that we read matters only to those who may send it.
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    // Published clients send `Content-Type: application/json` also where they send no body.
    if (!announcesBody(request)) delete request.headers['content-type'];
    else if (isEncoded(request) || !isUtf8Declared(request)) return done(unsupportedMediaType());
    done();
  });
}

export function unsupportedMediaType(): ApiError {
  return new ApiError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Send the body as application/json in UTF-8, without a content encoding',
  );
}

/**
 * The value of a body, its opaque members as `VerbatimJson`. An empty body is no body.
 * Throws MALFORMED_JSON, and VALIDATION_FAILED for a payload that is nested too deep.
 */
export function parseJsonBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!isUtf8(body)) throw new ApiError('MALFORMED_JSON', 'The body is not valid UTF-8');
  const text = body.toString('utf8');

  const scan = scanJson(text, MAX_JSON_DEPTH);
  if (scan.tooDeep) throw tooDeep(scan.tooDeep);
  const value = parse(text);
  if (scan.repeatedMember !== null) {
    const failures = [{ field: scan.repeatedMember, message: 'must be given once' }];
    throw new ApiError('MALFORMED_JSON', `The member ${scan.repeatedMember} is given more than once`, {
      details: { failures },
    });
  }
  for (const span of scan.opaque) keepVerbatim(value, span, text);
  return value;
}

function announcesBody(request: FastifyRequest): boolean {
  const { 'content-length': length, 'transfer-encoding': transferEncoding } = request.headers;
  return transferEncoding !== undefined || (length !== undefined && Number(length) !== 0);
}

function isEncoded(request: FastifyRequest): boolean {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase();
  return encoding !== undefined && encoding !== '' && encoding !== 'identity';
}

/** Whether the content type names no charset (JSON is UTF-8 then, RFC 8259 §8.1) or names UTF-8. */
function isUtf8Declared(request: FastifyRequest): boolean {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8's message may quote the body, so only the place is taken from it.
    const position = /at position \d+/.exec((error as Error).message)?.[0];
    throw new ApiError('MALFORMED_JSON', `The body is not valid JSON${position ? ` (${position})` : ''}`);
  }
}

function tooDeep({ path, isOpaque }: { path: string; isOpaque: boolean }): ApiError {
  const message = `must not be nested deeper than ${MAX_JSON_DEPTH} levels`;
  if (isOpaque) return ApiError.validation([{ field: path, message }]);
  return new ApiError('MALFORMED_JSON', `The body ${message}`);
}

function keepVerbatim(body: unknown, { eventIndex, start, end, depth }: OpaqueSpan, text: string): void {
  const owner = eventIndex === null ? body : (body as { events: unknown[] }).events[eventIndex];
  (owner as { payload: unknown }).payload = new VerbatimJson(text.slice(start, end), kindAt(text, start), depth);
}

function kindAt(text: string, start: number): JsonKind {
  switch (text[start]) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}
