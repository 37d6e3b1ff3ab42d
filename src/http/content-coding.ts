import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import Negotiator from 'negotiator';

/** In order of preference, for a client that wants each as much. */
const CODINGS = ['br', 'gzip'] as const;

export type ContentCoding = (typeof CODINGS)[number];

/** Smaller answers are not worth compressing: they fit in one packet anyway. */
export const MIN_CODED_BYTES = 1024;

/**
 * Limit of an `Accept-Encoding`: browsers send about thirty characters. To parse one of 16 KiB takes the event loop
 * milliseconds.
 */
const MAX_HEADER_LENGTH = 256;

/** If zlib gives its result in pieces, each piece costs a turn of the event loop. */
const CHUNK_BYTES = 64 * 1024;

interface Levels {
  /** 0 to 11. */
  br: number;
  /** 1 to 9. */
  gzip: number;
}

/**
 * Levels for an answer that is compressed for one request. For a list of 1,000 deliveries, each higher level costs more
 * than it saves (docs/performance.md).
 */
const FOR_ONE: Levels = { br: 4, gzip: 6 };
/** Levels for content that is compressed once and kept: only the first client waits. */
const FOR_ALL: Levels = { br: 6, gzip: 9 };

/**
 * The library's types do not have this option yet. It decides between codings that the client wants equally, instead of
 * the client's order.
 */
interface ByPreference {
  encodings(available: string[], options: { preferred: string[] }): string[];
}

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

/**
 * The coding for the answer to a request with this `Accept-Encoding`. Null: none. That is so without the header, with a
 * header that is too long, and when the header accepts nothing at all (RFC 9110 §12.5.3: then the answer is sent as it
 * is).
 */
export function codingFor(acceptEncoding: string | undefined): ContentCoding | null {
  if (acceptEncoding === undefined || acceptEncoding.length > MAX_HEADER_LENGTH) return null;
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }) as ByPreference;
  const [best] = negotiator.encodings([...CODINGS, 'identity'], { preferred: [...CODINGS] });
  return CODINGS.find((coding) => coding === best) ?? null;
}

/** Compresses the bytes on a thread of libuv's pool. */
export function encode(content: Buffer, coding: ContentCoding, { isKept }: { isKept: boolean }): Promise<Buffer> {
  const levels = isKept ? FOR_ALL : FOR_ONE;
  if (coding === 'gzip') return toGzip(content, { level: levels.gzip, chunkSize: CHUNK_BYTES });
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: levels.br,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return toBrotli(content, { params, chunkSize: CHUNK_BYTES });
}

export function varyByCoding(vary: unknown): string {
  return typeof vary === 'string' && vary !== '' ? `${vary}, Accept-Encoding` : 'Accept-Encoding';
}
