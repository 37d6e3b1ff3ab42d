import type { IncomingMessage } from 'node:http';

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
    if (request.complete) socket.destroySoon();
    else request.once('close', () => socket.destroySoon());
  };
}
