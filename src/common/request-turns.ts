import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isEnding } from './close-once-read.js';
import { ApiError } from './errors.js';

/**
 * Works on one request of a connection at a time, in the order in which they came. Node starts each as it is parsed, however
 * many are pipelined: 5,000 on one connection were worked on at once, and all of them were answered 503 after 15 s. And what
 * a client sends behind an unsafe request counts on its effect (RFC 9112 §9.3.2).
 *
 * What is beyond `maxWaiting` is refused at once, and answered in its turn. Refusals are what Node stops to read at, when
 * 16 KiB of them wait.
 */
export function takeTurns(server: FastifyInstance, maxWaiting: number): void {
  /** Of connections that have a request under way, what begins those that wait. */
  const queues = new WeakMap<Socket, (() => void)[]>();

  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const begin = (): void => {
      reply.raw.on('close', () => beginNext(socket));
      // A refusal before it may still be on its way, and be the connection's last answer. And without its connection a
      // response is never told that it closed.
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
    // Nothing behind an answer that ends its connection is answered: so it is not done either.
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
