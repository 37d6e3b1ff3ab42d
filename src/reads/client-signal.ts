import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Work continues this long after the client closed its side. It may still wait for the answer (RFC 9112 §9.6), but
 * looks like one that has left.
 */
const HALF_CLOSED_MS = 1_000;

/**
 * Aborted when the client has left, or probably has. Fastify's own signal follows the request, which has already ended
 * when its body is read.
 */
export function clientSignalOf({ raw: { socket } }: FastifyRequest, { raw: response }: FastifyReply): AbortSignal {
  const left = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const closedItsSide = (): void => {
    timer = setTimeout(() => left.abort(), HALF_CLOSED_MS);
  };
  if (socket.destroyed) left.abort();
  else if (socket.readableEnded) closedItsSide();
  else socket.once('end', closedItsSide);
  response.once('close', () => {
    clearTimeout(timer);
    socket.off('end', closedItsSide);
    // After the answer nobody listens any more.
    left.abort();
  });
  return left.signal;
}
