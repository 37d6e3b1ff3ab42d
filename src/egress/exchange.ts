import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { RequestTimings } from './request-timings.js';

/** Bytes of a body after which the connection is closed. Up to here it is read on, so that it can be used again. */
const READ_LIMIT_BYTES = 65_536;
/** Bytes of a body that are kept. */
const KEPT_BYTES = 4_096;
/** What a body gets, from its status on, once the sender is in a hurry: most are there by then. */
const HURRIED_BODY_MS = 250;

/** What came back. */
export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Readonly<IncomingHttpHeaders>;
  body: BodyPrefix;
}

/** The start of a body. */
export interface BodyPrefix {
  /** At most 4 KiB of UTF-8 without NUL, which PostgreSQL's `text` refuses: that and what is not UTF-8 became U+FFFD. */
  text: string;
  /** Whether the body had more, or ended before its end was announced. */
  truncated: boolean;
}

/** What an exchange ends with when it was not over by its deadline. */
class DeadlineError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * One request and its answer, under one deadline: endless 1xx answers and dripped bytes reset every idle timer. Once
 * there is a status line, a body that breaks off, is too long or does not end in time changes nothing about the outcome.
 *
 * Takes what the parser found where it found it. With undici's `request`, which makes a stream and a signal's listeners
 * for every answer, an attempt took twice the time.
 */
export class Exchange {
  readonly answer: Promise<Answer>;
  private resolve: (answer: Answer) => void = () => undefined;
  private reject: (error: unknown) => void = () => undefined;
  private timer: NodeJS.Timeout;
  private readonly endsAt: number;
  private isHurried = false;
  private controller: Dispatcher.DispatchController | null = null;
  private abandonConnection: () => void = () => undefined;
  private isOver = false;
  private status: number | null = null;
  private headers: IncomingHttpHeaders = {};
  private readonly chunks: Buffer[] = [];
  private size = 0;

  /**
   * @param deadlineMs from now, for the whole exchange.
   * @param timings filled in while it goes on.
   */
  constructor(
    deadlineMs: number,
    readonly timings: RequestTimings,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.endsAt = performance.now() + deadlineMs;
    this.timer = this.abortAfter(deadlineMs);
  }

  /** The status is waited for as before, the body for 250 ms at most. */
  hurry(): void {
    this.isHurried = true;
    if (this.status !== null) this.hurryBody();
  }

  /** @param abandon gives up the connection that the request waits for. */
  waitsFor(abandon: () => void): void {
    this.abandonConnection = abandon;
  }

  /** A connection was there: the request is being written. Too late, it is not. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isOver) controller.abort(new DeadlineError('the exchange was over before it began'));
    else this.timings.sentAt = performance.now();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.status = status;
    this.headers = headers;
    if (this.isHurried) this.hurryBody();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.size < KEPT_BYTES) this.chunks.push(chunk.subarray(0, KEPT_BYTES - this.size));
    this.size += chunk.length;
    if (this.size <= READ_LIMIT_BYTES) return;
    this.end(false, null);
    controller.abort(new DeadlineError('the body is longer than what is read of it'));
  }

  onEnd(error: Error | null): void {
    this.end(error === null, error);
  }

  private hurryBody(): void {
    if (this.isOver) return;
    clearTimeout(this.timer);
    this.timer = this.abortAfter(Math.min(HURRIED_BODY_MS, this.endsAt - performance.now()));
  }

  private abortAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.abort(new DeadlineError('the exchange took too long')), ms);
  }

  private abort(error: Error): void {
    this.end(false, error);
    if (this.controller) this.controller.abort(error);
    else this.abandonConnection();
  }

  private end(isWhole: boolean, error: Error | null): void {
    if (this.isOver) return;
    this.isOver = true;
    clearTimeout(this.timer);
    if (this.status === null) {
      this.reject(error);
    } else {
      this.resolve({ status: this.status, headers: this.headers, body: this.bodyPrefix(isWhole) });
    }
  }

  private bodyPrefix(isWhole: boolean): BodyPrefix {
    const truncated = !isWhole || this.size > KEPT_BYTES;
    if (this.chunks.length === 0) return { text: '', truncated };
    const kept = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    // A cut may go through a character: `stream` leaves the incomplete end away.
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept, { stream: truncated });
    return { text: text.replaceAll('\0', '\uFFFD'), truncated };
  }
}
