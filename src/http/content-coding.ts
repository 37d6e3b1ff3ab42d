import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import Negotiator from 'negotiator';

/** In order of preference, for a client that wants each as much. */
const CODINGS = ['br', 'gzip'] as const;

export type ContentCoding = (typeof CODINGS)[number];

/** Smaller answers fit in one packet anyway. */
export const MIN_CODED_BYTES = 1024;

/** Browsers send about thirty characters. To parse 16 KiB takes milliseconds. */
const MAX_HEADER_LENGTH = 256;

/** Each piece that zlib gives costs a turn of the event loop. */
const CHUNK_BYTES = 64 * 1024;

interface Levels {
  /** 0 to 11. */
  br: number;
  /** 1 to 9. */
  gzip: number;
}

/** For a list of 1,000 deliveries, each higher level costs more than it saves (docs/performance.md). */
const FOR_ONE: Levels = { br: 4, gzip: 6 };
/** The content is compressed once and kept: only the first client waits. */
const FOR_ALL: Levels = { br: 6, gzip: 9 };

/** Missing in the library's types. It decides between codings that the client wants equally. */
interface ByPreference {
  encodings(available: string[], options: { preferred: string[] }): string[];
}

const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

/** Null: none. So it is without the header, when it is too long, and when it accepts nothing (RFC 9110 §12.5.3). */
export function codingFor(acceptEncoding: string | undefined): ContentCoding | null {
  if (acceptEncoding === undefined || acceptEncoding.length > MAX_HEADER_LENGTH) return null;
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }) as ByPreference;
  const [best] = negotiator.encodings([...CODINGS, 'identity'], { preferred: [...CODINGS] });
  return CODINGS.find((coding) => coding === best) ?? null;
}

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
