import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isWaitingToBeAsked } from './expect-continue.js';

const draining = new WeakSet<Socket>();

/**
 * For a request that is answered before its body was read. The connection closes only when the rest has arrived, or the
 * time limit of a request has passed. Closed earlier, it would be reset, and the client would never see the answer (RFC
 * 9112 §9.6).
 */
export function closeOnceRead(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  // Node calls this after the last answer of a connection, and then also drops what was not read.
  socket.destroySoon = () => {
    Reflect.deleteProperty(socket, 'destroySoon');
    if (request.complete) return socket.destroySoon();
    draining.add(socket);
    // The client may send its body anyway, or see by this end that nobody wants it.
    if (isWaitingToBeAsked(request)) socket.end();
    request.once('close', () => socket.destroySoon());
  };
}

export function isEnding(socket: Socket): boolean {
  return socket.writableEnded || socket.destroyed || draining.has(socket);
}
