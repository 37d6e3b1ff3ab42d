import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * How long a request is still worked on whose client has closed its side of the connection. It may wait for the answer all
 * the same (RFC 9112 §9.6), and nothing tells it from one that has left.
 */
const HALF_CLOSED_MS = 1_000;

/**
 * Aborted when the client has left, or is likely to have. Fastify's own signal follows the request, which has ended by the
 * time that its body was read.
 */
export function clientSignalOf({ raw: { socket } }: FastifyRequest, { raw: response }: FastifyReply): AbortSignal {
  const left = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const closedItsSide = (): void => {
    timer = setTimeout(() => left.abort(), HALF_CLOSED_MS);
  };
  // It may have left before the request came to this.
  if (socket.destroyed) left.abort();
  else if (socket.readableEnded) closedItsSide();
  else socket.once('end', closedItsSide);
  response.once('close', () => {
    clearTimeout(timer);
    socket.off('end', closedItsSide);
    // Behind an answer nobody listens any more.
    left.abort();
  });
  return left.signal;
}
