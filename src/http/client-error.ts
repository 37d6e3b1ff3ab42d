import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ANSWER_HEADERS } from './answer-headers.js';
import { type ErrorBody, errorBodyOf } from './error-body.js';
import { ApiError, type ErrorCode } from './errors.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { uuidV7 } from '../common/uuid-v7.js';

/** https://nodejs.org/api/http.html#event-clienterror */
const BY_NODE_CODE: Record<string, { code: ErrorCode; message: string }> = {
  HPE_HEADER_OVERFLOW: { code: 'HEADERS_TOO_LARGE', message: 'The request line and headers are too large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { code: 'PAYLOAD_TOO_LARGE', message: 'The chunk extensions are too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'REQUEST_TIMEOUT', message: 'The request did not arrive whole in time' },
};

const MALFORMED: { code: ErrorCode; message: string } = {
  code: 'MALFORMED_REQUEST',
  message: 'The request is not valid HTTP/1.1',
};

const answeredEarly = new WeakMap<Socket, IncomingMessage>();

export function noteAnswered(request: IncomingMessage): void {
  if (!request.complete) answeredEarly.set(request.socket, request);
}

/** Answers input that never became a request, and closes the socket: nothing after this input can be read. */
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

/** Node gives a CONNECT request with its bare socket. Its target is no path of this API. */
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

function endWith(answer: ServerResponse, socket: Socket): void {
  answer.shouldKeepAlive = false;
  answer.once('finish', () => socket.destroySoon());
}

/**
 * The answer to a complete request that is still owed or being sent. The error came later and gets no answer: the
 * client would take it for this one.
 */
function answerUnderWay(socket: Socket): ServerResponse | null {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse };
  return answer && (answer.headersSent || answer.req.complete) ? answer : null;
}

/**
 * The error is in the rest of a request that has its answer. A client would take a second answer for that of its next
 * request.
 */
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
