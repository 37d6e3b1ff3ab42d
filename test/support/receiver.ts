import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { DEADLINE_MS, until } from './wait.js';

/** A request as it arrived. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  /** The bytes, unparsed. */
  body: Buffer;
  /** When its last byte had arrived, in milliseconds since the epoch. */
  atMs: number;
}

/** The members of a delivery's body. */
export interface Envelope {
  id: string;
  event: string;
  payload: unknown;
  environment_id: string;
  created_at: string;
  webhook_id: string;
}

/** A status; more of a response; `hang`: no answer while the receiver is open; `reset`: a broken connection. */
export type Answer =
  | number
  | { status: number; headers?: Record<string, string>; body?: string | Buffer; delayMs?: number }
  | 'hang'
  | 'reset';

type Script = (request: ReceivedRequest, index: number) => Answer | Promise<Answer>;

/** A receiver of webhooks on a free port of 127.0.0.1 that keeps every request, and answers 200 until told otherwise. */
export class Receiver {
  /** Complete requests, in the order of their arrival; each is here before it is answered. */
  readonly requests: ReceivedRequest[] = [];
  private readonly server: Server = createServer((request, response) => {
    // A sender that goes away, or the end of the test, breaks requests off.
    this.receive(request, response).catch(() => response.destroy());
  });
  private readonly closing = new AbortController();
  private script: Script = () => 200;

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** A target URL. The path tells several webhooks on one receiver apart. */
  url(path = '/hook'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  /**
   * From now on answers by a function, or with these answers in turn: the last one stays.
   *
   * @param script The function is given the request and its index among the requests from now on.
   */
  respondWith(script: Script | readonly [Answer, ...Answer[]]): void {
    const start = this.requests.length;
    const answerAt: Script =
      typeof script === 'function' ? script : (_, index) => script[Math.min(index, script.length - 1)] ?? script[0];
    this.script = (request, index) => answerAt(request, index - start);
  }

  /** Resolves with the requests so far when there are at least `count`. */
  waitFor(count: number, deadlineMs: number = DEADLINE_MS): Promise<ReceivedRequest[]> {
    const state = (): string => `there were ${this.requests.length}`;
    return until(`${count} requests`, () => this.requests.length >= count && [...this.requests], deadlineMs, state);
  }

  /** Forgets the requests so far; answers go on as they were. */
  clear(): void {
    const { script } = this;
    const forgotten = this.requests.length;
    this.script = (request, index) => script(request, index + forgotten);
    this.requests.length = 0;
  }

  async close(): Promise<void> {
    this.closing.abort();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { method = '', url: path = '', headers } = request;
    const received = { method, path, headers, body, atMs: Date.now() };
    const index = this.requests.push(received) - 1;
    const answer = await this.script(received, index);
    if (answer === 'hang') return;
    if (answer === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    const {
      status,
      headers: own = {},
      body: content = '',
      delayMs = 0,
    } = typeof answer === 'number' ? { status: answer } : answer;
    if (delayMs > 0) await setTimeout(delayMs, undefined, { signal: this.closing.signal });
    response.writeHead(status, own).end(content);
  }
}

export function envelopeOf(request: ReceivedRequest): Envelope {
  return JSON.parse(request.body.toString()) as Envelope;
}

export interface SignatureSettings {
  header?: string;
  encoding?: 'base64' | 'hex';
}

/** Which of a delivery's two signatures a receiver that knows this secret finds right. */
export function verifiedSignatures(
  request: ReceivedRequest,
  secret: string,
  { header = 'X-Webhook-Signature', encoding = 'base64' }: SignatureSettings = {},
): { standard: boolean; body: boolean } {
  const hmac = createHmac('sha256', secret).update(request.body).digest(encoding);
  return {
    standard: isStandardSignatureRight(request, secret),
    body: request.headers[header.toLowerCase()] === `format=sha256,v=${hmac}`,
  };
}

function isStandardSignatureRight({ body, headers }: ReceivedRequest, secret: string): boolean {
  const webhook = new Webhook(`whsec_${Buffer.from(secret).toString('base64')}`);
  try {
    webhook.verify(body, headers as Record<string, string>, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
}
