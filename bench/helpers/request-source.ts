import { payloadOf } from './payload.js';

/** Events of one type, published with one token. */
export interface Stream {
  token: string;
  eventType: string;
  /** Its part of the events, against the weights of the others. A whole number. */
  weight: number;
}

/** Makes the requests of a load, one after the other. */
export interface RequestSource {
  /** The status that says yes. */
  readonly acceptedStatus: number;
  /** Events in one request; 0: it creates something else. */
  readonly eventsPerRequest: number;
  /** @param atMs when it is meant to be sent, by `monotonicMs`. */
  next(atMs: number): string;
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
    readonly eventsPerRequest: number,
  ) {
    const tokens = new Set(streams.map(({ token }) => token));
    if (eventsPerRequest > 1 && tokens.size > 1) throw new Error('a batch is published with one token');
    this.turns = turnsOf(streams);
    const path = eventsPerRequest > 1 ? '/event/batch' : '/event';
    this.heads = new Map([...tokens].map((token) => [token, headOf(path, token)]));
  }

  next(atMs: number): string {
    const { token } = this.turns[this.n % this.turns.length]!;
    return whole(this.heads.get(token)!, this.eventsPerRequest > 1 ? this.batch(atMs) : this.event(atMs));
  }

  private batch(atMs: number): string {
    const events = Array.from({ length: this.eventsPerRequest }, () => this.event(atMs));
    return `{"events":[${events.join(',')}]}`;
  }

  private event(atMs: number): string {
    const { eventType } = this.turns[this.n % this.turns.length]!;
    const text = `{"event_type":"${eventType}","payload":${payloadOf(this.n, atMs)}}`;
    this.n += 1;
    return text;
  }
}

/** `POST /webhook`, inactive, so that nothing is sent to them. */
export class WebhookRequests implements RequestSource {
  readonly acceptedStatus = 201;
  readonly eventsPerRequest = 0;
  private readonly request: string;

  constructor(token: string, targetUrl: string) {
    this.request = whole(headOf('/webhook', token), JSON.stringify({ target_url: targetUrl, is_active: false }));
  }

  next(): string {
    return this.request;
  }
}

/**
 * The streams as they take turns: each as often as its weight, as evenly as that goes, so that a heavy stream does not
 * send all of its events in a row.
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

function headOf(path: string, token: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
}

function whole(head: string, body: string): string {
  return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}
