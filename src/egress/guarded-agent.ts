import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Connector } from './connector.js';
import { type Answer, Exchange } from './exchange.js';
import { OriginConnections } from './origin-connections.js';
import { RequestTimings } from './request-timings.js';

/** The injection token of what opens the process's outgoing sockets. */
export const GUARDED_CONNECTOR = Symbol('GUARDED_CONNECTOR');

/** Where a request goes. */
export interface RequestTarget {
  /** Scheme, host and port, as `URL.origin` gives them. */
  origin: string;
  /** Path and query. */
  path: string;
}

export interface GuardedRequest {
  method: 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
  /** From now, for the whole exchange, the reading of the body included. There is no other. */
  deadlineMs: number;
  /** Filled in while the request is made, also one that fails. */
  timings?: RequestTimings;
}

/**
 * Makes the requests to receivers. Follows no redirect, decodes no encoding, keeps no cookie, and opens sockets through
 * the guarded connector alone.
 */
@Injectable()
export class GuardedAgent implements OnApplicationShutdown {
  private readonly connections: OriginConnections;
  private readonly exchanges = new Set<Exchange>();
  private isInHurry = false;

  constructor(@Inject(GUARDED_CONNECTOR) connect: Connector) {
    this.connections = new OriginConnections(connect);
  }

  /** Resolves with the final answer and the start of its body. What it rejects with is for `classifyFailure`. */
  request(
    { origin, path }: RequestTarget,
    { method, headers, body, deadlineMs, timings = new RequestTimings() }: GuardedRequest,
  ): Promise<Answer> {
    const exchange = new Exchange(deadlineMs, timings);
    this.exchanges.add(exchange);
    if (this.isInHurry) exchange.hurry();
    exchange.waitsFor(this.connections.dispatch(origin, { method, path, headers, body }, exchange));
    return exchange.answer.finally(() => this.exchanges.delete(exchange));
  }

  /** From now on a status is an answer, soon: the process stops, and has to record what came of its requests. */
  hurry(): void {
    this.isInHurry = true;
    for (const exchange of this.exchanges) exchange.hurry();
  }

  /** Closes every socket; requests in flight fail as `reset`. Later requests open new ones. */
  close(): Promise<void> {
    return this.connections.destroy();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}
