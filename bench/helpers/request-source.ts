import { payloadOf } from './payload.js';

/** Events of one type, published with one token. */
export interface Stream {
  token: string;
  eventType: string;
  /** Its share of the events, relative to the weights of the others. A whole number. */
  weight: number;
  /** Deliveries of one event to webhooks that answer at once. */
  fanOut: number;
}

export interface LoadRequest {
  /** Head and body, in ASCII. */
  text: string;
  events: number;
  deliveries: number;
}

export interface RequestSource {
  readonly acceptedStatus: number;
  /** @param atMs the planned time, by `monotonicMs`. */
  next(atMs: number): LoadRequest;
}

/**
 * Events, numbered from 0, of the streams in turn.
 *
 * @param eventsPerRequest 1: `POST /event`. More: `POST /event/batch`, where all streams have one token.
 */
export class EventRequests implements RequestSource {
  readonly acceptedStatus = 202;
  private readonly turns: readonly Stream[];
  private readonly heads: ReadonlyMap<string, string>;
  private n = 0;

  constructor(
    streams: readonly Stream[],
    private readonly eventsPerRequest: number,
    private readonly payloadBytes?: number,
  ) {
    const tokens = new Set(streams.map(({ token }) => token));
    if (eventsPerRequest > 1 && tokens.size > 1) throw new Error('a batch is published with one token');
    this.turns = turnsOf(streams);
    const path = eventsPerRequest > 1 ? '/event/batch' : '/event';
    this.heads = new Map([...tokens].map((token) => [token, headOf('POST', path, token)]));
  }

  next(atMs: number): LoadRequest {
    const { token } = this.turn;
    const texts: string[] = [];
    let deliveries = 0;
    for (let index = 0; index < this.eventsPerRequest; index += 1) {
      const { eventType, fanOut } = this.turn;
      texts.push(`{"event_type":"${eventType}","payload":${payloadOf(this.n, atMs, this.payloadBytes)}}`);
      deliveries += fanOut;
      this.n += 1;
    }
    const body = this.eventsPerRequest > 1 ? `{"events":[${texts.join(',')}]}` : texts[0]!;
    return { text: whole(this.heads.get(token)!, body), events: texts.length, deliveries };
  }

  private get turn(): Stream {
    return this.turns[this.n % this.turns.length]!;
  }
}

/** `POST /webhook`, inactive, so that nothing is sent to them. */
export class WebhookRequests implements RequestSource {
  readonly acceptedStatus = 201;
  private readonly request: LoadRequest;

  constructor(token: string, targetUrl: string) {
    const body = JSON.stringify({ target_url: targetUrl, is_active: false });
    this.request = { text: requestOf('POST', '/webhook', token, body), events: 0, deliveries: 0 };
  }

  next(): LoadRequest {
    return this.request;
  }
}

/**
 * Each stream as often as its weight, as evenly as possible, so that a heavy stream does not send all its events in a
 * row.
 */
export function turnsOf(streams: readonly Stream[]): Stream[] {
  const total = streams.reduce((sum, { weight }) => sum + weight, 0);
  const credits = streams.map((stream) => ({ stream, credit: 0 }));
  return Array.from({ length: total }, () => {
    for (const entry of credits) entry.credit += entry.stream.weight;
    const next = credits.reduce((best, entry) => (entry.credit > best.credit ? entry : best));
    next.credit -= total;
    return next.stream;
  });
}

/** @param body in ASCII; empty: none. */
export function requestOf(method: string, path: string, token: string, body = ''): string {
  return whole(headOf(method, path, token), body);
}

function headOf(method: string, path: string, token: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
}

function whole(head: string, body: string): string {
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}
