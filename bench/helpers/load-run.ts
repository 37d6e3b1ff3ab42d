import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../measures/clock.js';
import { atPlannedInstants } from '../measures/planned-instants.js';
import { type Distribution, Samples } from '../measures/samples.js';
import { HttpConnection } from './http-connection.js';
import type { RequestSource } from './request-source.js';

/** `closed`: on each connection the next request follows the answer. `open`: requests do not wait for answers. */
export type Arrivals = { kind: 'closed'; connections: number } | { kind: 'open'; perSecond: number };

export interface LoadReport {
  requests: number;
  acceptedRequests: number;
  acceptedEvents: number;
  /** Deliveries of the accepted events to the webhooks that they match. */
  owedDeliveries: number;
  /** By `monotonicMs`. */
  firstSentAtMs: number;
  /** By `monotonicMs`. */
  lastAnsweredAtMs: number;
  /** From the planned time of a request until its answer, in milliseconds, accepted or not. */
  answerMs: Distribution;
  /** Null: all were accepted. */
  firstRefusal: string | null;
}

/** More requests than a service that keeps up with the load has under way. */
const OPEN_LOOP_CONNECTIONS = 256;
/** Time for the service to accept connections: 256 at once take 50 ms of its event loop, which would be measured. */
const CONNECTED_MS = 500;
const LAST_ANSWERS_MS = 30_000;

/** Sends requests for a time, and waits for all answers. */
export class LoadRun {
  private readonly connections: HttpConnection[] = [];
  private readonly idle: HttpConnection[] = [];
  private readonly answersMs = new Samples();
  private requests = 0;
  private answered = 0;
  private acceptedRequests = 0;
  private acceptedEvents = 0;
  private owedDeliveries = 0;
  private lastAnsweredAtMs = 0;
  private firstRefusal: string | null = null;
  private failure: Error | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly ports: readonly number[],
    private readonly source: RequestSource,
  ) {}

  async send(arrivals: Arrivals, seconds: number): Promise<LoadReport> {
    try {
      await this.connect(arrivals.kind === 'closed' ? arrivals.connections : OPEN_LOOP_CONNECTIONS);
      await delay(CONNECTED_MS);
      const firstSentAtMs = monotonicMs();
      const endMs = firstSentAtMs + seconds * 1000;
      if (arrivals.kind === 'closed') for (const connection of this.idle.splice(0)) this.sendUntil(connection, endMs);
      else await this.sendInTime(firstSentAtMs, endMs, arrivals.perSecond);
      await this.allAnswered(this.stopping.signal.aborted ? monotonicMs() : endMs);
      return this.report(firstSentAtMs);
    } finally {
      for (const connection of this.connections) connection.close();
    }
  }

  /** Ends requests in time before their time is over. */
  stop(): void {
    this.stopping.abort();
  }

  private async connect(count: number): Promise<void> {
    const { ports, connections } = this;
    const portAt = (index: number): number => ports[(connections.length + index) % ports.length]!;
    const opened = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        HttpConnection.open(portAt(index), (error) => (this.failure ??= error)),
      ),
    );
    this.connections.push(...opened);
    this.idle.push(...opened);
  }

  private sendUntil(connection: HttpConnection, endMs: number): void {
    const now = monotonicMs();
    if (now < endMs) this.exchange(connection, now, () => this.sendUntil(connection, endMs));
  }

  /** A request that finds every connection busy waits, and its time counts from its planned time. */
  private async sendInTime(startMs: number, endMs: number, perSecond: number): Promise<void> {
    await atPlannedInstants({ startMs, endMs, perSecond, signal: this.stopping.signal }, (atMs) => {
      this.throwIfFailed();
      // In turn: the service closes a connection that has not been used for 20 s.
      const connection = this.idle.shift();
      if (connection) this.exchange(connection, atMs, () => this.idle.push(connection));
      else if (monotonicMs() > endMs + LAST_ANSWERS_MS) throw new Error(`only ${this.requests} requests could be sent`);
      return connection !== undefined;
    });
  }

  private exchange(connection: HttpConnection, atMs: number, then: () => void): void {
    this.requests += 1;
    const { text, events, deliveries } = this.source.next(atMs);
    connection.send(text, (status, body) => {
      this.lastAnsweredAtMs = monotonicMs();
      this.answersMs.add(this.lastAnsweredAtMs - atMs);
      this.answered += 1;
      if (status === this.source.acceptedStatus) {
        this.acceptedRequests += 1;
        this.acceptedEvents += events;
        this.owedDeliveries += deliveries;
      } else {
        this.firstRefusal ??= `${status} ${body}`;
      }
      then();
    });
  }

  private async allAnswered(endMs: number): Promise<void> {
    do {
      await delay(1);
      this.throwIfFailed();
      if (monotonicMs() > endMs + LAST_ANSWERS_MS) {
        throw new Error(`${this.requests - this.answered} requests were not answered`);
      }
    } while (this.answered < this.requests || monotonicMs() < endMs);
  }

  private throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  private report(firstSentAtMs: number): LoadReport {
    return {
      requests: this.requests,
      acceptedRequests: this.acceptedRequests,
      acceptedEvents: this.acceptedEvents,
      owedDeliveries: this.owedDeliveries,
      firstSentAtMs,
      lastAnsweredAtMs: this.lastAnsweredAtMs,
      answerMs: this.answersMs.distribution,
      firstRefusal: this.firstRefusal,
    };
  }
}
