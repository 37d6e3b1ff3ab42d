import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isWaitingToBeAsked } from './expect-continue.js';

/** Connections whose last answer is sent while the rest of its request still arrives. */
const draining = new WeakSet<Socket>();

/**
 * For a request that is answered before its body was read. If the connection ends with this answer, it is closed only
 * after the rest of the body has arrived and was dropped, or when the time limit of a request has passed. If it were
 * closed while the client still sends, it would be reset, and the client would never see the answer (RFC 9112 §9.6).
 */
export function closeOnceRead(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  // Node calls this after the last answer of a connection. At that time it also starts to drop what was not read.
  socket.destroySoon = () => {
    // This restores the socket's own method.
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
