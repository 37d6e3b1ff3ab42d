import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isEnding } from './close-once-read.js';
import { ApiError } from './errors.js';

/**
 * Works on one request of a connection at a time, in the order in which they came. Node starts each request when it is
 * parsed, however many are pipelined: 5,000 on one connection were worked on at once, and all of them were answered 503
 * after 15 s. Also, a request behind an unsafe one relies on its effect (RFC 9112 §9.3.2).
 *
 * Requests beyond `maxWaiting` are refused at once, and answered in their turn. Node stops reading when 16 KiB of
 * refusals wait.
 */
export function takeTurns(server: FastifyInstance, maxWaiting: number): void {
  /** For connections with a request under way: the functions that start the waiting requests. */
  const queues = new WeakMap<Socket, (() => void)[]>();

  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const begin = (): void => {
      reply.raw.on('close', () => beginNext(socket));
      // A refusal before it may still be on its way, and may be the last answer of the connection. And a response
      // without its connection never hears that it closed.
      if (reply.raw.socket) done();
      else reply.raw.once('socket', () => process.nextTick(done));
    };
    const queue = queues.get(socket);
    if (!queue) {
      queues.set(socket, []);
      begin();
    } else if (queue.length < maxWaiting) queue.push(begin);
    else done(tooManyWaiting(maxWaiting));
  });

  function beginNext(socket: Socket): void {
    // Requests behind an answer that ends the connection get no answer, so they are not run.
    if (isEnding(socket)) return;
    const next = queues.get(socket)?.shift();
    if (next) next();
    else queues.delete(socket);
  }
}

function tooManyWaiting(maxWaiting: number): ApiError {
  const message = `${maxWaiting} requests wait on this connection; read their answers first`;
  return new ApiError('RATE_LIMITED', message, { headers: { 'Retry-After': '1' } });
}
