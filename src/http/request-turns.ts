import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isEnding } from './close-once-read.js';
import { ApiError } from './errors.js';

interface Turns {
  isTaken: boolean;
  readonly waiting: (() => void)[];
}

/**
 * Works on one request of a connection at a time. Node starts each pipelined request when it is parsed: 5,000 at once
 * were all answered 503 after 15 s. Also, a request behind an unsafe one relies on its effect (RFC 9112 §9.3.2).
 * Requests beyond `maxWaiting` are refused in their turn.
 */
export function takeTurns(server: FastifyInstance, maxWaiting: number): void {
  const connections = new WeakMap<Socket, Turns>();

  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const begin = (): void => {
      reply.raw.on('close', () => beginNext(socket));
      // A refusal before it may still be on its way, and may be the last answer. A response without its connection
      // never hears that it closed.
      if (reply.raw.socket) done();
      else reply.raw.once('socket', () => process.nextTick(done));
    };
    const turns = turnsOf(socket);
    if (!turns.isTaken) {
      turns.isTaken = true;
      begin();
    } else if (turns.waiting.length < maxWaiting) turns.waiting.push(begin);
    else done(tooManyWaiting(maxWaiting));
  });

  function beginNext(socket: Socket): void {
    // Requests behind an answer that ends the connection get no answer, so they are not run.
    if (isEnding(socket)) return;
    const turns = turnsOf(socket);
    const next = turns.waiting.shift();
    if (next) next();
    else turns.isTaken = false;
  }

  /** Made once for a connection, not for each request: what a WeakMap holds is dear while it is young. */
  function turnsOf(socket: Socket): Turns {
    let turns = connections.get(socket);
    if (!turns) connections.set(socket, (turns = { isTaken: false, waiting: [] }));
    return turns;
  }
}

function tooManyWaiting(maxWaiting: number): ApiError {
  const message = `${maxWaiting} requests wait on this connection; read their answers first`;
  return new ApiError('RATE_LIMITED', message, { headers: { 'Retry-After': '1' } });
}
