import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import type { Noise } from '../helpers/noise-run.js';
import { payloadOf } from '../helpers/payload.js';
import { requestOf } from '../helpers/request-source.js';

/** Everything that the requests of the loud environment name. */
export interface LoudTenant {
  token: string;
  /** They answer at once. The first has the waiting and the finished deliveries. */
  webhookIds: readonly string[];
  /** It answers after 14 s. */
  slowWebhookId: string;
  /** Subscribed to the finished events, but so young that they missed all of them. */
  missedWebhookIds: readonly string[];
  deliveryIds: readonly string[];
  eventIds: readonly string[];
  /** Of webhooks created meanwhile; they are inactive. */
  targetUrl: string;
}

export interface NamedNoise extends Noise {
  name: string;
}

export const event = (index: number): string =>
  `{"event_type":"${EVENT_TYPE_NAMES[index % EVENT_TYPE_NAMES.length]!}","payload":${payloadOf(index, 0)}}`;

/** Of the types of the first webhooks in turn. */
export const batch = (events: number, webhooks: number): string =>
  `{"events":[${Array.from({ length: events }, (_, n) => event(n % webhooks)).join(',')}]}`;

const PAGE = 'limit=1000';
const LONG_AGO = '2020-01-01T00:00:00.000Z';
const MEBIBYTE = 1_048_576;

/** Each kind of request that a token may make, as many as a sender gets answered. */
export function noisesOf(loud: LoudTenant): NamedNoise[] {
  const { token, webhookIds, missedWebhookIds, deliveryIds, eventIds } = loud;
  const get = (path: string): string => requestOf('GET', path, token);
  const post = (path: string, body?: unknown): string =>
    requestOf('POST', path, token, body === undefined ? '' : JSON.stringify(body));
  const closed = (name: string, connections: number, ...requests: string[]): NamedNoise => ({
    name,
    requests,
    connections,
    perSecond: null,
  });
  const webhook = { target_url: loud.targetUrl, is_active: false };
  const recovery = { since: LONG_AGO };
  return [
    closed('POST /event × 64', 64, ...webhookIds.map((_, index) => requestOf('POST', '/event', token, event(index)))),
    closed('batches of 100 × 8', 8, requestOf('POST', '/event/batch', token, batch(100, webhookIds.length))),
    closed('batches of 1,000 × 8', 8, requestOf('POST', '/event/batch', token, batch(1_000, webhookIds.length))),
    closed(
      'batches with keys × 8',
      8,
      ...Array.from({ length: 16 }, (_, n) => requestOf('POST', '/event/batch', token, keyedBatch(n, 100))),
    ),
    closed('GET /delivery, 1,000 × 16', 16, get(`/delivery?${PAGE}`), get(`/delivery?${PAGE}&status=pending`)),
    closed('GET /delivery, 1,000 × 64', 64, get(`/delivery?${PAGE}`), get(`/delivery?${PAGE}&status=pending`)),
    closed('GET /event, 1,000 × 64', 64, get(`/event?${PAGE}`)),
    closed('GET /delivery/{id} × 64', 64, ...deliveryIds.map((id) => get(`/delivery/${id}`))),
    closed(
      'GET /event/{id} × 64',
      64,
      ...eventIds.flatMap((id) => [get(`/event/${id}`), get(`/event/${id}/webhooks`)]),
    ),
    closed('GET /stats × 32', 32, get('/stats?window=30d'), get('/stats')),
    closed('GET /webhook/{id}/stats × 32', 32, ...webhookIds.map((id) => get(`/webhook/${id}/stats?window=30d`))),
    closed('GET /webhook, 1,000 × 32', 32, get(`/webhook?${PAGE}`)),
    closed(
      'webhook: create, change, delete × 32',
      32,
      post('/webhook', webhook),
      requestOf('PATCH', '/webhook/{id}', token, JSON.stringify({ is_active: true })),
      requestOf('DELETE', '/webhook/{id}', token),
    ),
    closed('rotate-secret × 32', 32, ...webhookIds.map((id) => post(`/webhook/${id}/rotate-secret`))),
    closed('webhook/test, slow receiver × 64', 64, post('/webhook/test', { id: loud.slowWebhookId })),
    closed('retry of deliveries × 32', 32, ...deliveryIds.map((id) => post(`/delivery/${id}/retry`))),
    closed('wrong bodies of 1 MiB × 16', 16, requestOf('POST', '/event', token, wrongBody(MEBIBYTE))),
    closed('wrong bodies of 8 MiB × 16', 16, requestOf('POST', '/event/batch', token, wrongBody(8 * MEBIBYTE))),
    closed('unknown tokens × 64', 64, requestOf('POST', '/event', 'x'.repeat(43), event(0))),
    closed(
      'recover, dry run × 64',
      64,
      ...missedWebhookIds.map((id) => post(`/webhook/${id}/recover`, { ...recovery, dry_run: true })),
    ),
    closed('recover × 8', 8, ...missedWebhookIds.map((id) => post(`/webhook/${id}/recover`, recovery))),
  ];
}

/** The keys of a batch repeat: those that meet an earlier one are looked up. */
function keyedBatch(n: number, events: number): string {
  const members = Array.from(
    { length: events },
    (_, index) => `${event(0).slice(0, -1)},"idempotency_key":"${n}-${index}"}`,
  );
  return `{"events":[${members.join(',')}]}`;
}

/** Valid JSON of this size, but no event: many members, and many elements. */
function wrongBody(bytes: number): string {
  const elements = Math.floor(bytes / 4);
  return `{"event_type":[${'0,'.repeat(elements - 1)}0],"payload":[${'1,'.repeat(elements - 32)}1]}`;
}
