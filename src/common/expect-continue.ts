import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * Lets a client that sent `Expect: 100-continue` wait until somebody wants its body: Node asks for it by itself before
 * anything is known about the request, so that 8 MiB came for a 401 (RFC 9110 §10.1.1).
 */
export function withholdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  // No other expectation was ever defined, and a server may pass over others.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Asks the client for the body, if it waits for that. */
export function sendContinue(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

/** Whether the client may have sent nothing of its body, because nobody has asked for it. */
export function isWaitingToBeAsked(request: IncomingMessage): boolean {
  return waiting.has(request);
}
