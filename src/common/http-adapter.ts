import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answerClientError, answerConnect } from './client-error.js';
import { ApiError } from './errors.js';
import { useJsonBody } from './json-body.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { RouteTable } from './route-table.js';
import type { ShutdownState } from './shutdown-state.js';

/** Time for the request line and headers, and for the whole request: 8 MiB at 1 Mbit/s take 67 s. */
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 120_000;

/** Time without a byte in either direction: far beyond the longest answer, so that only the dead are cut off. */
const CONNECTION_TIMEOUT_MS = 300_000;

/** Longer than a load balancer keeps an idle connection, commonly 60 s, so that it never writes to a closed one. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/**
 * More than the request line can hold (16 KiB) with each character escaped (3 bytes), so that an over-long id is a
 * missing one and not a status of its own.
 */
const MAX_PARAM_LENGTH = 64 * 1024;

/** Asked also while the process stops: the answers tell that it does, and how it gets on. */
const MACHINE_ROUTES = /^\/(health\/|metrics(\?|$))/;

export interface HttpOptions {
  /** Bytes of a request body; a longer one is a 413. */
  maxBodyBytes: number;
  /** Addresses and ranges of proxies whose `X-Forwarded-*` count; null = none. */
  trustProxy: string[] | null;
}

/**
 * Fastify as the API needs it: every answer, also those that come before any route, carries a request id and has the
 * contract's form.
 */
export class HttpAdapter extends FastifyAdapter {
  constructor(
    { maxBodyBytes, trustProxy }: HttpOptions,
    private readonly shutdown: ShutdownState,
  ) {
    super({
      bodyLimit: maxBodyBytes,
      trustProxy: trustProxy ?? false,
      genReqId: requestIdOf,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Node's own answer to a request without a host has neither body nor request id; it gets ours below.
      http: { headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      // The answer to a late request is given below, in the contract's form.
      return503OnClosing: false,
      rewriteUrl: (request: IncomingMessage) => decodable(withoutDoubledSlash(request.url ?? '/')),
      clientErrorHandler: answerClientError,
    });
    const server = this.getInstance<FastifyInstance>();
    server.server.on('connect', answerConnect);
    // No expectation but 100-continue was ever defined, and a server may pass over others (RFC 9110 §10.1.1).
    server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
    const routes = new RouteTable();
    server.addHook('onRoute', ({ method, url }) => routes.add(method, url));
    server.addHook('onRequest', (request, reply, done) => {
      void reply.header(REQUEST_ID_HEADER, request.id);
      done(this.#refusalOf(request, routes) ?? undefined);
    });
    useJsonBody(server, maxBodyBytes);
    server.addHook('preHandler', (request, _reply, done) => done(repeatedParameter(request.query) ?? undefined));
  }

  /** Nest calls this first of all when the application closes, while requests still arrive. */
  override beforeClose(): void {
    super.beforeClose();
    this.shutdown.begin();
  }

  #refusalOf(request: FastifyRequest, routes: RouteTable): ApiError | null {
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) {
      return new ApiError('MALFORMED_REQUEST', 'The request names no host');
    }
    if (this.shutdown.isStopping && !MACHINE_ROUTES.test(request.url)) {
      const headers = { Connection: 'close', 'Retry-After': '1' };
      return new ApiError('SHUTTING_DOWN', 'This replica is stopping; repeat the request', { headers });
    }
    if (!request.is404) return null;
    const methods = routes.methodsOf(request.url.split('?', 1)[0]!);
    if (methods.length === 0) return new ApiError('ROUTE_NOT_FOUND', 'No such path');
    const allow = methods.join(', ');
    return new ApiError('METHOD_NOT_ALLOWED', `This path has ${allow}`, { headers: { Allow: allow } });
  }
}

/** Published clients join their base URL and the path with one slash too many. */
function withoutDoubledSlash(url: string): string {
  return url.startsWith('//') ? url.replace(/^\/+/, '/') : url;
}

/**
 * The router refuses a path that is not percent-encoded UTF-8. But it only names nothing, as any other unknown path or
 * id: so its percent signs are taken for themselves.
 */
function decodable(url: string): string {
  const path = url.split('?', 1)[0]!;
  return isEncoded(path) ? url : path.replaceAll('%', '%25') + url.slice(path.length);
}

function isEncoded(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Which of two values counts is a guess that client, proxy and server can make differently: so neither does. */
function repeatedParameter(query: unknown): ApiError | null {
  const failures = Object.entries(query as object)
    .filter(([, value]) => Array.isArray(value))
    .map(([field]) => ({ field, message: 'must be given once' }));
  return failures.length > 0 ? ApiError.validation(failures) : null;
}
