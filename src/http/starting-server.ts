import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ANSWER_HEADERS } from './answer-headers.js';
import { ApiError } from './errors.js';
import { errorBodyOf } from './error-body.js';
import { OperatorError } from '../common/operator-error.js';
import { READINESS_CHECK_NAMES } from '../common/readiness-checks.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';

const MAX_CONNECTIONS = 256;
const REQUEST_TIMEOUT_MS = 5_000;

const ALIVE = { status: 'ok' };
const NOT_READY = {
  status: 'unavailable',
  checks: Object.fromEntries(READINESS_CHECK_NAMES.map((name) => [name, 'unavailable'])),
  database_trouble: null,
};
const STARTING = errorBodyOf(new ApiError('STARTING', 'This replica is starting; repeat the request'));

/**
 * Listens while the service waits for the database and migrates it. A liveness probe that gets no answer would kill the
 * process, which would roll back and never finish. The application then takes over the listening socket, so somebody
 * always listens.
 */
export class StartingServer {
  private constructor(private readonly server: Server) {}

  /** @throws OperatorError when it may not or cannot listen there. */
  static async listen(port: number, host: string): Promise<StartingServer> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS }, answer);
    server.maxConnections = MAX_CONNECTIONS;
    server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (error) {
      throw listenErrorOf(error as NodeJS.ErrnoException, port, host);
    }
    // A connection could not be accepted: without a listener the error would end the process.
    server.on('error', () => undefined);
    return new StartingServer(server);
  }

  get address(): AddressInfo {
    return this.server.address() as AddressInfo;
  }

  handOver(): { host: string; port: number } {
    const { address: host, port } = this.address;
    // Node's `server.listen(handle)` accepts any object that has a handle. Fastify passes its options on unchanged.
    const { _handle: handle } = this.server as unknown as { _handle: unknown };
    return { host, port, handle } as { host: string; port: number };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?', 1)[0];
  const [status, body] =
    path === '/health/live' ? [200, ALIVE] : [503, path === '/health/ready' ? NOT_READY : STARTING];
  // The next request must go to the application.
  response.writeHead(status, {
    ...ANSWER_HEADERS,
    [REQUEST_ID_HEADER]: requestIdOf(request),
    'Content-Type': 'application/json; charset=utf-8',
    Connection: 'close',
    ...(status === 503 && { 'Retry-After': '1' }),
  });
  response.end(JSON.stringify(body));
  request.resume();
}

function listenErrorOf(error: NodeJS.ErrnoException, port: number, host: string): Error {
  const place = `port ${port} of ${host}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new OperatorError(`Another process listens on ${place} already. Stop it, or set PORT to a free one.`, {
        cause: error,
      });
    case 'EACCES':
      return new OperatorError(
        `This user may not listen on ${place}. Set PORT to one of 1024 or more, or give the process CAP_NET_BIND_SERVICE.`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
      return new OperatorError(`This machine does not have the address ${host}. Set HOST to one that it has.`, {
        cause: error,
      });
    case 'EAFNOSUPPORT':
      return new OperatorError(
        `This machine does not speak the protocol of the address ${host}. Set HOST to another.`,
        {
          cause: error,
        },
      );
    default:
      return error;
  }
}
