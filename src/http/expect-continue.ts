import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/**
 * A client that sent `Expect: 100-continue` waits until its body is wanted. Node would ask for it at once, even 8 MiB
 * for a 401 (RFC 9110 §10.1.1).
 */
export function withholdContinue(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

export function sendContinue(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}

export function isWaitingToBeAsked(request: IncomingMessage): boolean {
  return waiting.has(request);
}
