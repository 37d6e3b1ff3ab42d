import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ANSWER_HEADERS } from './answer-headers.js';
import { BodyBudget, bodyLimitsOf } from './body-budget.js';
import { answerClientError, answerConnect, noteAnswered } from './client-error.js';
import { limitConnections, outliveFailedAccepts } from './connection-limit.js';
import { ApiError, type FieldFailure } from './errors.js';
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
 * More than the request line can hold (16 KiB) with each character escaped (3 bytes), so that an over-long id is a
 * missing one and not a status of its own.
 */
const MAX_PARAM_LENGTH = 64 * 1024;

/** Asked also while the process stops: the answers tell that it does, and how it gets on. */
const MACHINE_ROUTES = /^\/(health\/|metrics(\?|$))/;

export interface HttpOptions {
  /** Bytes of a request body; a longer one is a 413. */
  maxBodyBytes: number;
  /** Bytes of an event's payload; a longer one is a 413. */
  maxEventBytes: number;
  /** Addresses and ranges of proxies whose `X-Forwarded-*` count; null = none. */
  trustProxy: string[] | null;
  /** Refused requests of a sender within ten seconds; the answers of those beyond wait. */
  rateLimitPer10s: number;
  /** By what name a request's sender is known, once it is; null: it is not. */
  senderOf?: (request: FastifyRequest) => string | null;
  /** Default: {@link SERVER_LIMITS}. */
  limits?: ServerLimits;
}

/**
 * Fastify as the API needs it: every answer, also those that come before any route, carries a request id and has the
 * contract's form.
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
    super({
      bodyLimit: maxBodyBytes,
      trustProxy: trustProxy ?? false,
      genReqId: requestIdOf,
      requestTimeout: limits.requestTimeoutMs,
      connectionTimeout: limits.silenceTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      // Node's own answer to a request without a host has neither body nor request id; it gets ours below.
      http: {
        headersTimeout: limits.headersTimeoutMs,
        connectionsCheckingInterval: limits.checkIntervalMs,
        requireHostHeader: false,
      },
      routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      // The answer to a late request is given below, in the contract's form.
      return503OnClosing: false,
      rewriteUrl: (request: IncomingMessage) => targetOf(request, limits.maxQueryParameters),
      clientErrorHandler: answerClientError,
    });
    const server = this.getInstance<FastifyInstance>();
    limitConnections(server.server, { ...limits, exempt: trustProxy ?? [] });
    outliveFailedAccepts(server.server);
    withholdContinue(server.server);
    server.server.on('connect', answerConnect);
    // One more than there may be, so that one that has more is known; what Node cuts off it does not tell of.
    server.server.maxHeadersCount = limits.maxHeaders + 1;
    // A client that has said all may close its side and wait for the answer (RFC 9112 §9.6); Node would drop that.
    Object.assign(server.server, { httpAllowHalfOpen: true });
    const routes = new RouteTable();
    server.addHook('onRoute', ({ method, url }) => routes.add(method, url));
    server.addHook('onRequest', (request, reply, done) => {
      void reply.header(REQUEST_ID_HEADER, request.id).headers(ANSWER_HEADERS);
      done();
    });
    takeTurns(server, limits.maxWaitingRequests);
    server.addHook('onRequest', (request, _reply, done) => done(this.#refusalOf(request, routes, limits) ?? undefined));
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
    server.addHook('preHandler', (request, _reply, done) => done(repeatedParameter(request.query) ?? undefined));
  }

  /** Nest calls this first of all when the application closes, while requests still arrive. */
  override beforeClose(): void {
    super.beforeClose();
    this.shutdown.begin();
  }

  #refusalOf(request: FastifyRequest, routes: RouteTable, limits: ServerLimits): ApiError | null {
    const fault = faultOfHead(request.raw, limits.maxHeaders);
    if (fault) return fault;
    if (isQueryOverfull(request.raw)) {
      return ApiError.validation([
        { field: '', message: `The query may have ${limits.maxQueryParameters} parameters at most` },
      ]);
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

/**
 * Who answers for what a request costs: the network, and last the sender, where it is known. No id of a sender is an address.
 * Names are used as they are: to look up one that was put together for each request cost 4 µs.
 */
function ownersOf({ ip }: FastifyRequest, sender: string | null): string[] {
  return sender === null ? [networkOf(ip)] : [networkOf(ip), sender];
}

/** Which of two values counts is a guess that client, proxy and server can make differently: so neither does. */
function repeatedParameter(query: unknown): ApiError | null {
  const parameters = query as Record<string, unknown>;
  const isRepeated = Object.values(parameters).some((value) => Array.isArray(value));
  return isRepeated ? ApiError.validation(repeatedParameters(parameters)) : null;
}

function* repeatedParameters(parameters: Record<string, unknown>): Generator<FieldFailure> {
  for (const [field, value] of Object.entries(parameters)) {
    if (Array.isArray(value)) yield { field, message: 'must be given once' };
  }
}
