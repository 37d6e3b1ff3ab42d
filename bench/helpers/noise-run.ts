import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../measures/clock.js';
import { HttpConnection } from './http-connection.js';

/** Requests of somebody who does not care about others. */
export interface Noise {
  /** Heads and bodies, in ASCII. Each connection sends them in turn; `{id}` is the id that it created last. */
  requests: readonly string[];
  connections: number;
  /** Of all connections together; null: each request follows the answer to the one before. */
  perSecond: number | null;
}

export interface NoiseReport {
  /** By status. */
  answers: Record<number, number>;
  /** Connections that were refused, or that broke before the answer. */
  broken: number;
}

interface Answer {
  status: number;
  /** The part that came with the head. */
  body: string;
}

const ID = '{id}';
const CREATED = 201;
const ID_IN_ANSWER = /"id":"([0-9a-f-]{36})"/;
const NO_ID = '00000000-0000-0000-0000-000000000000';
/** Before a broken connection is opened anew. */
const REOPEN_MS = 20;
const POLL_MS = 1;

/** Makes noise for a time, whatever the answers are. */
export class NoiseRun {
  private readonly report: NoiseReport = { answers: {}, broken: 0 };
  private readonly open = new Set<HttpConnection>();
  private readonly startMs = monotonicMs();
  private sent = 0;
  private isOver = false;

  constructor(
    private readonly port: number,
    private readonly noise: Noise,
  ) {}

  /** Does not wait for the answers that are missing at the end. */
  async make(seconds: number): Promise<NoiseReport> {
    for (let index = 0; index < this.noise.connections; index += 1) this.goOn(index).catch(() => undefined);
    await delay(seconds * 1_000);
    this.isOver = true;
    for (const connection of this.open) connection.close();
    return this.report;
  }

  private async goOn(index: number): Promise<void> {
    const { requests } = this.noise;
    let lastId = NO_ID;
    for (let turn = index; !this.isOver; await delay(REOPEN_MS)) {
      const exchange = await this.connect();
      while (exchange && (await this.isTime())) {
        const answer = await exchange(requests[turn % requests.length]!.replace(ID, lastId));
        if (!answer) break;
        turn += 1;
        if (answer.status === CREATED) lastId = ID_IN_ANSWER.exec(answer.body)?.[1] ?? lastId;
        this.report.answers[answer.status] = (this.report.answers[answer.status] ?? 0) + 1;
      }
    }
  }

  /**
   * Returns a function that sends a request, or null when the connection cannot be opened. The function returns null
   * when the connection breaks.
   */
  private async connect(): Promise<((request: string) => Promise<Answer | null>) | null> {
    let onBroken = (): void => undefined;
    const connection = await HttpConnection.open(this.port, () => onBroken()).catch(() => null);
    if (!connection) {
      this.report.broken += 1;
      return null;
    }
    this.open.add(connection);
    return (request) =>
      new Promise((resolve) => {
        onBroken = () => {
          connection.close();
          this.open.delete(connection);
          if (!this.isOver) this.report.broken += 1;
          resolve(null);
        };
        connection.send(request, (status, body) => resolve({ status, body }));
      });
  }

  /** @returns false when the time is over. */
  private async isTime(): Promise<boolean> {
    const { perSecond } = this.noise;
    while (!this.isOver) {
      if (perSecond === null || this.sent < ((monotonicMs() - this.startMs) * perSecond) / 1_000) {
        this.sent += 1;
        return true;
      }
      await delay(POLL_MS);
    }
    return false;
  }
}
