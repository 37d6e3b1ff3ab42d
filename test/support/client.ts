import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { documentedPairs, OpenApiConformance, type OpenApiDocument } from './openapi-conformance.js';
import { runDirectory } from './run-directory.js';
import { until } from './wait.js';

/* The response types are written here by hand, from the contract, so that they guard the wire and do not follow the code. */

export interface Webhook {
  id: string;
  target_url: string;
  is_active: boolean;
  environment_id: string;
  event_types: string[];
  created_at: string;
  updated_at: string;
}

export interface WebhookSecret {
  id: string;
  created_at: string;
  expires_at: string | null;
}

export interface CreatedWebhook extends Webhook {
  secret: string;
}

export interface EventHead {
  id: string;
  environment_id: string;
  event_type: string;
  created_at: string;
}

export interface EventDetail extends EventHead {
  payload: Record<string, unknown>;
  deliveries: Record<DeliveryStatus, number>;
}

export interface EventWebhook {
  webhook_id: string;
  delivery_id: string | null;
  status: DeliveryStatus | null;
  reason: 'not_subscribed' | 'inactive' | 'not_yet_created' | 'deleted' | null;
}

export type DeliveryStatus = 'pending' | 'succeeded' | 'failed' | 'canceled';

export interface Delivery {
  id: string;
  event_id: string;
  webhook_id: string;
  environment_id: string;
  event_type: string;
  status: DeliveryStatus;
  attempt_count: number;
  next_attempt_at: string | null;
  cancel_reason: 'webhook_inactive' | 'webhook_deleted' | 'stopped' | null;
  created_at: string;
  completed_at: string | null;
}

export interface Attempt {
  number: number;
  started_at: string;
  duration_ms: number;
  timings: Record<'dns_ms' | 'connect_ms' | 'tls_ms' | 'first_byte_ms' | 'stale_connection_ms', number | null>;
  outcome: 'succeeded' | 'failed';
  error: string | null;
  request: { url: string; headers: Record<string, string>; body: string | null };
  response: { status: number; headers: Record<string, string>; body: string; body_truncated: boolean } | null;
}

export interface DeliveryDetail extends Delivery {
  attempts: Attempt[];
}

export interface Recovery {
  id: string;
  webhook_id: string;
  since: string;
  until: string;
  status: 'running' | 'done' | 'stopped';
  total: number;
  queued: number;
  created_at: string;
  completed_at: string | null;
}

export interface Stats {
  window: string;
  from: string;
  to: string;
  totals: Record<'pending' | 'succeeded' | 'failed' | 'canceled' | 'attempts', number>;
  success_rate: number | null;
  latency_ms: Record<'p50' | 'p95' | 'p99', number | null>;
  buckets: {
    at: string;
    succeeded: number;
    failed: number;
    canceled: number;
    p50_ms: number | null;
    p95_ms: number | null;
  }[];
}

export interface WebhookStats extends Stats {
  webhook_id: string;
  is_active: boolean;
  disabled_at: string | null;
  disabled_reason: string | null;
  failing_since: string | null;
}

export interface Environment {
  id: string;
  name: string;
  created_at: string;
  updated_at: string;
}

export interface ApiToken {
  id: string;
  name: string;
  environment_id: string;
  webhook_id: string | null;
  scopes: string[];
  expires_at: string | null;
  last_used_at: string | null;
  created_at: string;
}

export interface CreatedApiToken extends ApiToken {
  token: string;
}

export interface Me {
  kind: 'admin' | 'api_token';
  name: string | null;
  environment_id: string | null;
  webhook_id: string | null;
  scopes: string[];
  expires_at: string | null;
}

export interface AuditEntry {
  id: string;
  environment_id: string;
  actor: string;
  action: 'created' | 'changed' | 'deleted' | 'rotated' | 'retried' | 'recovered';
  resource_type: 'environment' | 'api_token' | 'webhook' | 'delivery';
  resource_id: string;
  changed_fields: string[];
  created_at: string;
}

export interface Page<Item> {
  result: Item[];
  next_cursor: string | null;
  limit: number;
}

export interface ApiErrorBody {
  statusCode: number;
  error: string;
  code: string;
  message: string;
  details?: { failures?: { field: string; message: string }[] } & Record<string, unknown>;
}

export interface RawReply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface RequestOptions {
  headers?: OutgoingHttpHeaders;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  rawBody?: string | Buffer;
}

/** An answer of the API, which conformed to the document. */
export class Reply<T> {
  constructor(
    private readonly name: string,
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    readonly text: string,
  ) {}

  /** The body, when the status is the expected one. */
  expect(status: number): T {
    if (this.status !== status) throw new Error(`${this.name} answered ${this.status}, not ${status}: ${this.text}`);
    return JSON.parse(this.text) as T;
  }

  /** The error, when status and code are the expected ones. */
  expectError(status: number, code: string): ApiErrorBody {
    const error = (this as Reply<unknown>).expect(status) as ApiErrorBody;
    if (error.code !== code) throw new Error(`${this.name} answered ${error.code}, not ${code}: ${this.text}`);
    return error;
  }
}

/**
 * One HTTP exchange with the path as written: `fetch` would take a bare `?` off and choose a content type. Every
 * exchange has its own connection, so that a restarted service never meets a stale one.
 */
export function send(baseUrl: string, method: string, path: string, options: RequestOptions = {}): Promise<RawReply> {
  const { hostname, port } = new URL(baseUrl);
  const { headers = {}, body, rawBody = body === undefined ? undefined : JSON.stringify(body) } = options;
  const framing: OutgoingHttpHeaders = rawBody === undefined ? {} : { 'content-length': Buffer.byteLength(rawBody) };
  if (body !== undefined) framing['content-type'] = 'application/json';
  return new Promise((resolve, reject) => {
    const exchange = request(
      { hostname, port, method, path, headers: { ...framing, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode!, headers: response.headers, text });
        });
      },
    );
    exchange.on('error', reject);
    exchange.end(rawBody);
  });
}

/** A request of which the service has the first line, and an answer once it has the rest. */
async function beginExchange(
  baseUrl: string,
  method: string,
  path: string,
): Promise<{ finish(headers: Record<string, string>): Promise<RawReply> }> {
  const { host, hostname, port } = new URL(baseUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  const closed = new Promise<void>((resolve, reject) => socket.on('close', () => resolve()).on('error', reject));
  // Handled where `finish` waits; before that nobody listens.
  closed.catch(() => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n`);
  // Connections are accepted in order: when this one has its answer, the service has the line above.
  await send(baseUrl, 'GET', '/health/live');
  return {
    async finish(headers) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(
        `${lines.join('')}Connection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      );
      await closed;
      const [head = '', text = ''] = Buffer.concat(received).toString('utf8').split('\r\n\r\n', 2);
      const [statusLine = '', ...fields] = head.split('\r\n');
      const parsed = fields.map((field) => [field.split(':', 1)[0]!.toLowerCase(), field.replace(/^[^:]*: */, '')]);
      const replied = Object.fromEntries(parsed) as IncomingHttpHeaders;
      return { status: Number(statusLine.split(' ')[1]), headers: replied, text };
    },
  };
}

export interface ApiClientOptions {
  baseUrl: string;
  /** Bearer token; absent = no `Authorization`. */
  token?: string;
  /** Told each secret and token that an answer carries: the log must not hold them. */
  onSecret?: (secret: string) => void;
}

/**
 * Speaks to the API and holds every answer to the served document there and then: a response that does not conform
 * fails the story that asked for it. What was seen is noted for the end of the run (test/support/unseen-answers.mjs).
 */
export class ApiClient {
  constructor(private readonly options: ApiClientOptions) {}

  /** The same service with another token, or with none. */
  withToken(token: string | undefined): ApiClient {
    const { baseUrl, onSecret } = this.options;
    return new ApiClient({ baseUrl, ...(token === undefined ? {} : { token }), ...(onSecret ? { onSecret } : {}) });
  }

  get<T>(path: string, options?: RequestOptions): Promise<Reply<T>> {
    return this.request<T>('GET', path, options);
  }

  post<T>(path: string, body?: unknown, options: RequestOptions = {}): Promise<Reply<T>> {
    return this.request<T>('POST', path, { ...options, body });
  }

  patch<T>(path: string, body: unknown): Promise<Reply<T>> {
    return this.request<T>('PATCH', path, { body });
  }

  delete<T>(path: string): Promise<Reply<T>> {
    return this.request<T>('DELETE', path);
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Reply<T>> {
    const { baseUrl, token } = this.options;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { ...authorization, ...options.headers };
    return this.conforming(method, path, await send(baseUrl, method, path, { ...options, headers }));
  }

  /** Sends the first line of a request; `finish` sends the rest, with an empty JSON object as the body. */
  async begin<T>(method: string, path: string): Promise<{ finish(): Promise<Reply<T>> }> {
    const { baseUrl, token } = this.options;
    // Compiled beforehand: by the time of the answer the service may be gone.
    await conformanceOf(baseUrl);
    const exchange = await beginExchange(baseUrl, method, path);
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return { finish: async () => this.conforming(method, path, await exchange.finish(headers)) };
  }

  private async conforming<T>(method: string, path: string, reply: RawReply): Promise<Reply<T>> {
    const { baseUrl, onSecret } = this.options;
    const { status, headers, text } = reply;
    const findings: string[] = [];
    if (!headers['x-request-id']) findings.push(`${method} ${path} ${status}: no X-Request-Id`);
    const conformance = await conformanceOf(baseUrl);
    const verdict = conformance.check({
      method,
      path,
      status,
      contentType: headers['content-type'],
      headers,
      text,
    });
    findings.push(...verdict.findings);
    if (findings.length > 0) {
      throw new Error(`the answer does not conform:\n${findings.join('\n')}\n${text.slice(0, 1000)}`);
    }
    if (verdict.pair) noteSeen(verdict.pair);
    if (onSecret) secretsIn(text).forEach(onSecret);
    return new Reply<T>(`${method} ${path}`, status, headers, text);
  }

  /** Creates an active webhook for all event types, unless told otherwise. */
  async createWebhook(fields: {
    target_url: string;
    is_active?: boolean;
    event_types?: string[];
  }): Promise<CreatedWebhook> {
    return (await this.post<CreatedWebhook>('/webhook', fields)).expect(201);
  }

  async publish(eventType: string, payload: Record<string, unknown> = {}): Promise<EventHead> {
    return (await this.post<EventHead>('/event', { event_type: eventType, payload })).expect(202);
  }

  async event(id: string): Promise<EventDetail> {
    return this.read<EventDetail>(`/event/${id}`);
  }

  /** @param filters Query parameters of `GET /delivery`. */
  async deliveries(filters: Record<string, string> = {}): Promise<Delivery[]> {
    const query = new URLSearchParams(filters).toString();
    return (await this.read<Page<Delivery>>(`/delivery?${query}`)).result;
  }

  async delivery(id: string): Promise<DeliveryDetail> {
    return this.read<DeliveryDetail>(`/delivery/${id}`);
  }

  /** Again where the database is busy for a moment, or too much is being read, as on a slow machine. */
  private async read<T>(path: string): Promise<T> {
    const reply = await until(`GET ${path}`, async () => {
      const answer = await this.get<T>(path);
      return answer.status !== 503 && answer.status !== 429 && answer;
    });
    return reply.expect(200);
  }
}

export async function fetchDocument(baseUrl: string): Promise<OpenApiDocument> {
  const { status, text } = await send(baseUrl, 'GET', '/openapi.json');
  if (status !== 200) throw new Error(`GET /openapi.json answered ${status}: ${text}`);
  return JSON.parse(text) as OpenApiDocument;
}

const checkers = new Map<string, Promise<OpenApiConformance>>();

function conformanceOf(baseUrl: string): Promise<OpenApiConformance> {
  let checker = checkers.get(baseUrl);
  if (!checker) {
    checker = fetchDocument(baseUrl).then((document) => {
      noteDocumented(documentedPairs(document));
      return new OpenApiConformance(document);
    });
    checkers.set(baseUrl, checker);
  }
  return checker;
}

function noteDocumented(pairs: string[]): void {
  writeFileSync(join(runDirectory(), 'documented.json'), JSON.stringify(pairs));
}

function noteSeen(pair: string): void {
  const directory = join(runDirectory(), 'seen');
  mkdirSync(directory, { recursive: true });
  const spec = expect.getState().testPath;
  appendFileSync(join(directory, `${basename(spec ?? 'outside-a-spec')}.txt`), `${pair}\n`);
}

/** Values of `secret` and `token` members at the top of a JSON object, the only place where the contract has them. */
function secretsIn(text: string): string[] {
  if (!text.startsWith('{')) return [];
  const { secret, token } = JSON.parse(text) as { secret?: unknown; token?: unknown };
  return [secret, token].filter((value) => typeof value === 'string');
}
