import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { isWaitingToBeAsked } from './expect-continue.js';

/** Connections whose last answer is out, while the rest of its request still arrives. */
const draining = new WeakSet<Socket>();

/**
 * For a request that is answered before its body was read: where the connection ends with the answer, it is closed only
 * when the rest of the body has arrived and was dropped, or when the time is over that a request may take. Closed while
 * the client still sends, it is reset, and the client never sees the answer (RFC 9112 §9.6).
 */
export function closeOnceRead(request: IncomingMessage): void {
  if (request.complete) return;
  const { socket } = request;
  // What Node calls after the last answer of a connection, and at that time it also starts to drop what was not read.
  socket.destroySoon = () => {
    // The socket has its own again.
    Reflect.deleteProperty(socket, 'destroySoon');
    if (request.complete) return socket.destroySoon();
    draining.add(socket);
    // It may send its body all the same, or see by this that nobody wants it.
    if (isWaitingToBeAsked(request)) socket.end();
    request.once('close', () => socket.destroySoon());
  };
}

/** Whether no further answer can be sent on a connection. */
export function isEnding(socket: Socket): boolean {
  return socket.writableEnded || socket.destroyed || draining.has(socket);
}
