import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isEnding } from './close-once-read.js';
import { ApiError } from './errors.js';

/**
 * Works on one request of a connection at a time. Node starts each pipelined request when it is parsed: 5,000 at once
 * were all answered 503 after 15 s. Also, a request behind an unsafe one relies on its effect (RFC 9112 §9.3.2).
 * Requests beyond `maxWaiting` are refused in their turn.
 */
export function takeTurns(server: FastifyInstance, maxWaiting: number): void {
  const queues = new WeakMap<Socket, (() => void)[]>();

  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const begin = (): void => {
      reply.raw.on('close', () => beginNext(socket));
      // A refusal before it may still be on its way, and may be the last answer. A response without its connection
      // never hears that it closed.
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
