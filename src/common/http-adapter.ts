import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answerClientError, answerConnect, noteAnswered } from './client-error.js';
import { limitConnections } from './connection-limit.js';
import { ApiError } from './errors.js';
import { useJsonBody } from './json-body.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { RouteTable } from './route-table.js';
import type { ShutdownState } from './shutdown-state.js';

/** What a server does not wait for longer than, and does not have more of. */
export interface ServerLimits {
  /** Time until the first byte of a connection's first request, and from the first byte of a request to its headers' end. */
  headersTimeoutMs: number;
  /** Time for the whole request. */
  requestTimeoutMs: number;
  /** How often requests are looked at for these two: one that is late is ended so much later at most. */
  checkIntervalMs: number;
  maxConnections: number;
}

export const SERVER_LIMITS: ServerLimits = {
  headersTimeoutMs: 20_000,
  // 8 MiB at 1 Mbit/s take 67 s.
  requestTimeoutMs: 120_000,
  // Node looks every 30 s by itself, which made 50 s of 20. A look at 4,096 connections takes 0.24 ms.
  checkIntervalMs: 1_000,
  // Each can hold 16 KiB of headers, which takes 33 KiB of memory: 135 MiB in all, and a descriptor. Deliveries and the
  // database have theirs beside them.
  maxConnections: 4_096,
};

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
  /** Default: {@link SERVER_LIMITS}. */
  limits?: ServerLimits;
}

/**
 * Fastify as the API needs it: every answer, also those that come before any route, carries a request id and has the
 * contract's form.
 */
export class HttpAdapter extends FastifyAdapter {
  constructor(
    { maxBodyBytes, trustProxy, limits = SERVER_LIMITS }: HttpOptions,
    private readonly shutdown: ShutdownState,
  ) {
    super({
      bodyLimit: maxBodyBytes,
      trustProxy: trustProxy ?? false,
      genReqId: requestIdOf,
      requestTimeout: limits.requestTimeoutMs,
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      // Node's own answer to a request without a host has neither body nor request id; it gets ours below.
      http: {
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: limits.checkIntervalMs,
        requireHostHeader: false,
      },
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      // The answer to a late request is given below, in the contract's form.
      return503OnClosing: false,
      rewriteUrl: (request: IncomingMessage) => decodable(withoutDoubledSlash(request.url ?? '/')),
      clientErrorHandler: answerClientError,
    });
    const server = this.getInstance<FastifyInstance>();
    limitConnections(server.server, limits.maxConnections);
    server.server.on('connect', answerConnect);
    // No expectation but 100-continue was ever defined, and a server may pass over others (RFC 9110 §10.1.1).
    server.server.on('checkExpectation', (request, response) => server.server.emit('request', request, response));
    const routes = new RouteTable();
    server.addHook('onRoute', ({ method, url }) => routes.add(method, url));
    server.addHook('onRequest', (request, reply, done) => {
      void reply.header(REQUEST_ID_HEADER, request.id);
      done(this.#refusalOf(request, routes) ?? undefined);
    });
    server.addHook('onResponse', (request, _reply, done) => {
      noteAnswered(request.raw);
      done();
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
