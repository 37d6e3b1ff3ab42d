import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.js';

/** Host and port as in a URL (RFC 9110 §7.2, RFC 3986 §3.2.2); empty when the target has none. */
const HOST = /^(\[[\w:.%~-]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/;

/**
 * Node takes the first of some repeated headers and joins others with a comma; proxies differ. Then client and server
 * could disagree about what was asked.
 */
const GIVEN_ONCE: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'transfer-encoding',
]);

export type RequestHead = Pick<IncomingMessage, 'httpVersion' | 'headers' | 'rawHeaders' | 'url'>;

/**
 * The fault of a request line and headers that Node accepts, or null. The answer ends the connection: what follows may
 * not be a request.
 */
export function faultOfHead(
  { httpVersion, headers, rawHeaders, url = '' }: RequestHead,
  maxHeaders: number,
): ApiError | null {
  if (rawHeaders.length > 2 * maxHeaders) {
    return new ApiError('HEADERS_TOO_LARGE', `A request may have ${maxHeaders} headers`, CLOSING);
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return malformed('The request must be HTTP/1.1 or HTTP/1.0');
  if (url.includes('#')) return malformed('The request target has a fragment');
  const repeated = repeatedHeader(rawHeaders);
  if (repeated !== null) return malformed(`The header ${repeated} is given more than once`);
  // RFC 9112 §3.2: a missing host and an invalid one are both a 400.
  if (headers.host === undefined && httpVersion === '1.1') return malformed('The request names no host');
  if (!HOST.test(headers.host ?? '')) return malformed('The header Host is not a host');
  return faultOfCoding(headers['transfer-encoding'], httpVersion);
}

function faultOfCoding(coding: string | undefined, httpVersion: string): ApiError | null {
  if (coding === undefined) return null;
  // RFC 9112 §6.1: the end of such a body cannot be known.
  if (httpVersion === '1.0') return malformed('HTTP/1.0 has no Transfer-Encoding');
  return coding.trim().toLowerCase() === 'chunked'
    ? null
    : malformed('The one Transfer-Encoding known here is chunked');
}

function repeatedHeader(rawHeaders: readonly string[]): string | null {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!GIVEN_ONCE.has(name)) continue;
    if (seen.has(name)) return rawHeaders[at]!;
    seen.add(name);
  }
  return null;
}

const CLOSING = { headers: { Connection: 'close' } };

function malformed(message: string): ApiError {
  return new ApiError('MALFORMED_REQUEST', message, CLOSING);
}
