import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ANSWER_HEADERS } from './answer-headers.js';
import { BodyBudget, bodyLimitsOf } from './body-budget.js';
import { answerClientError, answerConnect, noteAnswered } from './client-error.js';
import { limitConnections, outliveFailedAccepts } from './connection-limit.js';
import { ApiError } from './errors.js';
import { withholdContinue } from './expect-continue.js';
import { useJsonBody } from './json-body.js';
import { networkOf } from './network-of.js';
import { faultOfHead } from './request-head.js';
import { slowRefusals } from './refusal-pace.js';
import { REQUEST_ID_HEADER, requestIdOf } from './request-id.js';
import { isQueryOverfull, targetOf } from './request-target.js';
import { takeTurns } from './request-turns.js';
import { RouteTable } from './route-table.js';
import { SERVER_LIMITS, type ServerLimits } from './server-limits.js';
import type { ShutdownState } from './shutdown-state.js';

/**
 * More than the request line (16 KiB) with each character escaped (3 bytes). So an over-long id is a missing one,
 * without a status of its own.
 */
const MAX_PARAM_LENGTH = 64 * 1024;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For browsers only: others are told that the path does not exist. */
    isUnlisted?: boolean;
  }
}

/** They also answer while the process stops: they tell how far it is. */
const MACHINE_ROUTES = /^\/(health\/|metrics(\?|$))/;

export interface HttpOptions {
  maxBodyBytes: number;
  maxEventBytes: number;
  /** Addresses and ranges of proxies whose `X-Forwarded-*` count; null = none. */
  trustProxy: string[] | null;
  rateLimitPer10s: number;
  senderOf?: (request: FastifyRequest) => string | null;
  limits?: ServerLimits;
}

/**
 * Fastify as the API needs it. Every answer has a request id and the form of the contract, also one before any route.
 */
export class HttpAdapter extends FastifyAdapter {
  constructor(
    {
      maxBodyBytes,
      maxEventBytes,
      trustProxy,
      rateLimitPer10s,
      senderOf = () => null,
      limits = SERVER_LIMITS,
    }: HttpOptions,
    private readonly shutdown: ShutdownState,
  ) {
    const routes = new RouteTable();
    super({
      bodyLimit: maxBodyBytes,
      trustProxy: trustProxy ?? false,
      genReqId: requestIdOf,
      requestTimeout: limits.requestTimeoutMs,
      connectionTimeout: limits.silenceTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // Node's own answer to a request without a host has no body and no request id.
      http: {
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: limits.checkIntervalMs,
        requireHostHeader: false,
      },
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      return503OnClosing: false,
      rewriteUrl: (request: IncomingMessage) =>
        targetOf(request, { maxQueryParameters: limits.maxQueryParameters, isPath: (path) => routes.isPath(path) }),
      clientErrorHandler: answerClientError,
    });
    const server = this.getInstance<FastifyInstance>();
    limitConnections(server.server, { ...limits, exempt: trustProxy ?? [] });
    outliveFailedAccepts(server.server);
    withholdContinue(server.server);
    server.server.on('connect', answerConnect);
    // One more, so that we notice it: Node silently drops the rest.
    server.server.maxHeadersCount = limits.maxHeaders + 1;
    // A client may close its side and wait for the answer (RFC 9112 §9.6); Node would close the connection.
    Object.assign(server.server, { httpAllowHalfOpen: true });
    server.addHook('onRoute', ({ method, url, config }) => {
      if (!config?.isUnlisted) routes.add(method, url);
    });
    server.addHook('onRequest', (request, reply, done) => {
      void reply.header(REQUEST_ID_HEADER, request.id).headers(ANSWER_HEADERS);
      done();
    });
    // Also for requests under way: a client that keeps its connection would learn of the end only by a broken request.
    server.addHook('onSend', (_request, reply, _payload, done) => {
      if (shutdown.isLeaving) void reply.header('Connection', 'close');
      done();
    });
    takeTurns(server, limits.maxWaitingRequests);
    server.addHook('onRequest', (request, _reply, done) => done(this.refusalOf(request, routes, limits) ?? undefined));
    server.addHook('onResponse', (request, _reply, done) => {
      noteAnswered(request.raw);
      done();
    });
    const budget = new BodyBudget(bodyLimitsOf(maxBodyBytes, limits.maxBytesOfBodies));
    const ownersOfRequest = (request: FastifyRequest): string[] => ownersOf(request, senderOf(request));
    const bodies = useJsonBody(server, { maxBodyBytes, maxEventBytes, budget, ownersOf: ownersOfRequest });
    slowRefusals(server, {
      limit: rateLimitPer10s,
      senderOf: (request) => ownersOfRequest(request).at(-1)!,
      bodies,
    });
  }

  /** Nest calls this first when the application closes, while requests still arrive. */
  override beforeClose(): void {
    super.beforeClose();
    this.shutdown.begin();
  }

  private refusalOf(request: FastifyRequest, routes: RouteTable, limits: ServerLimits): ApiError | null {
    const fault = faultOfHead(request.raw, limits.maxHeaders);
    if (fault) return fault;
    if (isQueryOverfull(request.raw)) {
      return ApiError.validation([
        { field: '', message: `The query may have ${limits.maxQueryParameters} parameters at most` },
      ]);
    }
    if (this.shutdown.isStopping && !MACHINE_ROUTES.test(request.url)) {
      const headers = { 'Retry-After': '1' };
      return new ApiError('SHUTTING_DOWN', 'This replica is stopping; repeat the request', { headers });
    }
    const path = request.url.split('?', 1)[0]!;
    if (!request.is404 && !routes.isOfAnother(path, request.routeOptions.url)) return null;
    const methods = routes.methodsOf(path);
    if (methods.length === 0) return new ApiError('ROUTE_NOT_FOUND', 'No such path');
    const allow = methods.join(', ');
    return new ApiError('METHOD_NOT_ALLOWED', `This path has ${allow}`, { headers: { Allow: allow } });
  }
}

/**
 * Who answers for the cost of a request: the network, and last the sender, if known. No id of a sender is an address.
 * To look up a name built for each request cost 4 µs.
 */
function ownersOf({ ip }: FastifyRequest, sender: string | null): string[] {
  return sender === null ? [networkOf(ip)] : [networkOf(ip), sender];
}
