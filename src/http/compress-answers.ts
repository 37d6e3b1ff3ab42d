import type { FastifyInstance } from 'fastify';
import { codingFor, encode, MIN_CODED_BYTES, varyByCoding } from './content-coding.js';

/**
 * Half of the threads of libuv's pool: name look-ups and file reads use the others. If both are taken, an answer is
 * sent uncompressed.
 */
const MAX_AT_ONCE = 2;

export interface CompressionOptions {
  /**
   * The length of a compressed answer reveals its content to an attacker who can place a text beside a secret (BREACH).
   *
   * @param operation such as `GET /webhook/:id`; for a `HEAD` request its `GET`.
   */
  mayCompress: (operation: string) => boolean;
  minBytes?: number;
}

/** Compresses only texts: for bytes, {@link KeptContent} sets the coding. */
export function compressAnswers(
  server: FastifyInstance,
  { mayCompress, minBytes = MIN_CODED_BYTES }: CompressionOptions,
): void {
  let underWay = 0;
  server.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string' || Buffer.byteLength(payload) < minBytes) return done(null, payload);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (!mayCompress(`${method} ${request.routeOptions.url}`)) return done(null, payload);
    void reply.header('Vary', varyByCoding(reply.getHeader('Vary')));
    const coding = codingFor(request.headers['accept-encoding']);
    if (coding === null || underWay >= MAX_AT_ONCE) return done(null, payload);
    underWay += 1;
    // Null: it could not be compressed, for example because memory is short.
    const answerWith = (content: Buffer | null): void => {
      underWay -= 1;
      if (content === null) return done(null, payload);
      void reply.header('Content-Encoding', coding);
      done(null, content);
    };
    encode(Buffer.from(payload), coding, { isKept: false }).then(answerWith, () => answerWith(null));
  });
}
