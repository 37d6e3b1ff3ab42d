import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { RequestTimings } from './request-timings.js';

/** After this the connection is closed. A shorter body is read to its end, so that the connection can be used again. */
const READ_LIMIT_BYTES = 65_536;
const KEPT_BYTES = 4_096;
/** From the status on, when the sender is in a hurry: most bodies are complete by then. */
const HURRIED_BODY_MS = 250;

export interface Answer {
  status: number;
  headers: Readonly<IncomingHttpHeaders>;
  body: BodyPrefix;
}

export interface BodyPrefix {
  /** At most 4 KiB of UTF-8. NUL, which PostgreSQL's `text` refuses, and invalid UTF-8 become U+FFFD. */
  text: string;
  /** The body was longer, or ended before its announced end. */
  truncated: boolean;
}

class DeadlineError extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * One request and its answer, under one deadline: endless 1xx answers and dripping bytes would reset every idle timer.
 * After the status line, a body that breaks off, is too long or does not end in time changes nothing. It takes the
 * parser's results directly: with undici's `request` an attempt took twice the time.
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
   * @param timings filled in during the exchange.
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

  /** The wait for the body becomes 250 ms at most; the wait for the status does not change. */
  hurry(): void {
    this.isHurried = true;
    if (this.status !== null) this.hurryBody();
  }

  waitsFor(abandon: () => void): void {
    this.abandonConnection = abandon;
  }

  /** The connection is open. If it is too late, the request is not written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isOver) controller.abort(new DeadlineError('the exchange was over before it began'));
    else this.timings.sentAt = performance.now();
  }

  /** The connection closed before an answer began: continues on another one, in the time that is left. */
  onStaleConnection(): boolean {
    this.controller = null;
    return !this.isOver;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // `HTTP/1.1 099` is not an answer. 1xx answers do not come here.
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
    // A cut may split a character: `stream` leaves out the incomplete end.
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept, { stream: truncated });
    return { text: text.replaceAll('\0', '\uFFFD'), truncated };
  }
}
