import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * A client that sent `Expect: 100-continue` waits until its body is wanted. Node would ask for the body before anything
 * is known about the request, so that 8 MiB came for a 401 (RFC 9110 §10.1.1).
 */
export function withholdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  // No other expectation was ever defined, and a server may ignore others.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

export function sendContinue(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/** Whether the client may have sent no body yet because nobody has asked for it. */
export function isWaitingToBeAsked(request: IncomingMessage): boolean {
  return waiting.has(request);
}
