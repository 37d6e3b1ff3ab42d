import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Connector } from './connector.js';
import { type Answer, Exchange } from './exchange.js';
import { OriginConnections } from './origin-connections.js';
import { RequestTimings } from './request-timings.js';

export const GUARDED_CONNECTOR = Symbol('GUARDED_CONNECTOR');

export interface RequestTarget {
  origin: string;
  path: string;
}

export interface GuardedRequest {
  method: 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
  /** From now, for the whole exchange, with the reading of the body. There is no other deadline. */
  deadlineMs: number;
  /** Filled in while the request is made, also if it fails. */
  timings?: RequestTimings;
}

/**
 * Makes the requests to receivers. It follows no redirect, decodes no encoding, keeps no cookie, and opens sockets only
 * through the guarded connector.
 */
@Injectable()
export class GuardedAgent implements OnApplicationShutdown {
  private readonly connections: OriginConnections;
  private readonly exchanges = new Set<Exchange>();
  private isInHurry = false;

  constructor(@Inject(GUARDED_CONNECTOR) connect: Connector) {
    this.connections = new OriginConnections(connect);
  }

  /** Resolves with the final answer and the start of its body. Rejects with errors for `classifyFailure`. */
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

  /** The process stops, and must record outcomes: a status is enough for an answer, after a short wait. */
  hurry(): void {
    this.isInHurry = true;
    for (const exchange of this.exchanges) exchange.hurry();
  }

  /** Requests in flight fail as `reset`. Later requests open new sockets. */
  close(): Promise<void> {
    return this.connections.destroy();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}
