import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ANSWER_HEADERS } from './answer-headers.js';
import { type ErrorBody, errorBodyOf } from './error-body.js';
import { ApiError, type ErrorCode } from './errors.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { uuidV7 } from './uuid-v7.js';

/** Node's own codes for what it could not take as a request (https://nodejs.org/api/http.html#event-clienterror). */
const BY_NODE_CODE: Record<string, { code: ErrorCode; message: string }> = {
  HPE_HEADER_OVERFLOW: { code: 'HEADERS_TOO_LARGE', message: 'The request line and headers are too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'PAYLOAD_TOO_LARGE', message: 'The chunk extensions are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'REQUEST_TIMEOUT', message: 'The request did not arrive whole in time' },
};

const MALFORMED: { code: ErrorCode; message: string } = {
  code: 'MALFORMED_REQUEST',
  message: 'The request is not valid HTTP/1.1',
};

/** By its connection, the last request that was answered before all of its body was there. */
const answeredEarly = new WeakMap<Socket, IncomingMessage>();

/** To be called with every request once its answer is out. */
export function noteAnswered(request: IncomingMessage): void {
  if (!request.complete) answeredEarly.set(request.socket, request);
}

/** Answers what never became a request, straight to the socket, and closes it: nothing after it can be read. */
export function answerClientError(cause: NodeJS.ErrnoException, socket: Socket): void {
  if (cause.code === 'ECONNRESET' || !socket.writable || isAnswered(socket)) {
    socket.destroy();
    return;
  }
  const answer = answerUnderWay(socket);
  if (answer) {
    endWith(answer, socket);
    return;
  }
  const { code, message } = BY_NODE_CODE[cause.code ?? ''] ?? MALFORMED;
  socket.end(rawAnswer(errorBodyOf(new ApiError(code, message)), uuidV7()), () => socket.destroySoon());
}

/** Answers a request for a tunnel, which Node hands over with its bare socket: what it names is no path of this API. */
export function answerConnect(request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  const answer = answerUnderWay(socket as Socket);
  if (answer) {
    endWith(answer, socket as Socket);
    return;
  }
  const error = errorBodyOf(new ApiError('ROUTE_NOT_FOUND', 'No such path'));
  socket.end(rawAnswer(error, requestIdOf(request)), () => socket.destroy());
}

/** Lets the answer be the connection's last: what came after its request goes unanswered. */
function endWith(answer: ServerResponse, socket: Socket): void {
  answer.shouldKeepAlive = false;
  answer.once('finish', () => socket.destroySoon());
}

/**
 * The answer that is still owed to a request which arrived whole, or that is being sent: a client would take another one
 * for it, or for a part of it. What is wrong came after that request, and goes unanswered.
 */
function answerUnderWay(socket: Socket): ServerResponse | null {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse };
  return answer && (answer.headersSent || answer.req.complete) ? answer : null;
}

/** What is wrong is the rest of a request that has its answer: a client would take another for that of its next one. */
function isAnswered(socket: Socket): boolean {
  return answeredEarly.get(socket)?.complete === false;
}

function rawAnswer(error: ErrorBody, requestId: string): string {
  const body = JSON.stringify(error);
  return [
    `HTTP/1.1 ${error.statusCode} ${error.error}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    ...Object.entries(ANSWER_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
