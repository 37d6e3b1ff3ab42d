import { type Outcome, outcomeOf, textOf } from './answer.js';
import { TidingsConnectionError, TidingsError, TidingsTimeoutError } from './errors.js';
import { OPERATIONS } from './generated/operations.js';
import { VERSION } from './generated/version.js';
import { PageList } from './page-list.js';
import { mayBeDone, retryDelayMs } from './retry-policy.js';
import type { Answer, Body, ItemOf, OperationId, Page, PagedOperationId, Query } from './types.js';

export interface TidingsOptions {
  /** Where the service is: `https://tidings.example.com`, with a path if a proxy has it under one. */
  baseUrl: string;
  /** An API token, or the admin token. */
  token: string;
  /** The environment to act in. The admin token needs one; an API token has its own. */
  environmentId?: string;
  /** How long one try may take until the whole answer is there. Milliseconds, above 0; default 30,000. */
  timeoutMs?: number;
  /** How often a request is sent again at most, where that is safe. 0 or more; default 3. */
  maxRetries?: number;
  /** What sends the requests in place of the global `fetch`: for a proxy, or for tests. */
  fetch?: typeof globalThis.fetch;
}

/** Options of one request; those of the client hold for what is absent. */
export interface RequestOptions {
  /** Ends the request, its waits and its retries; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** How long one try may take. Milliseconds, above 0. */
  timeoutMs?: number;
  /** How often it is sent again at most. */
  maxRetries?: number;
  /** The environment to act in. */
  environmentId?: string;
}

interface Input<Id extends OperationId> {
  /** What stands for `{id}` in the path. */
  id?: string;
  query?: Query<Id>;
  body?: Body<Id>;
  /** The body as text, in place of `body`. */
  json?: string;
  idempotencyKey?: string;
  /** Whether it has its effect once, however often it is sent. Default: all but a POST without an idempotency key. */
  isRepeatable?: boolean;
  /** What is returned when a retry finds the resource gone after a try that may have deleted it. */
  ifGone?: Answer<Id>;
}

const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 3;
/** The longest wait that a timer takes. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

/** Sends the operations of the API. */
export class Transport {
  readonly #baseUrl: string;
  readonly #authorization: string;
  readonly #environmentId: string | undefined;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #fetch: typeof globalThis.fetch;

  constructor(options: TidingsOptions) {
    const { token } = options;
    // Before fetch sees it: its error would quote the token.
    if (typeof token !== 'string' || !/^[!-~]+$/.test(token)) {
      throw new TypeError('token has to be visible ASCII and not empty');
    }
    this.#baseUrl = checkedBaseUrl(options.baseUrl);
    this.#authorization = `Bearer ${token}`;
    this.#environmentId = options.environmentId;
    this.#timeoutMs = checkedTimeoutMs(options.timeoutMs ?? TIMEOUT_MS);
    this.#maxRetries = checkedRetries(options.maxRetries ?? MAX_RETRIES);
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /** A list; `query.next_cursor` is where it begins. */
  list<Id extends PagedOperationId>(operationId: Id, input: Input<Id>, options?: RequestOptions): PageList<ItemOf<Id>> {
    return new PageList(async (cursor) => {
      const query = cursor === undefined ? input.query : { ...input.query, next_cursor: cursor };
      const page: unknown = await this.request(operationId, { ...input, query: query as Query<Id> }, options);
      return page as Page<ItemOf<Id>>;
    });
  }

  /** @throws TidingsError, or the reason of the signal. */
  async request<Id extends OperationId>(
    operationId: Id,
    input: Input<Id>,
    options: RequestOptions = {},
  ): Promise<Answer<Id>> {
    const { method } = OPERATIONS[operationId];
    const url = this.#urlOf(operationId, input, options);
    const init = this.#initOf(method, input);
    const isRepeatable = input.isRepeatable ?? (method !== 'POST' || input.idempotencyKey !== undefined);
    const timeoutMs = options.timeoutMs === undefined ? this.#timeoutMs : checkedTimeoutMs(options.timeoutMs);
    const maxRetries = options.maxRetries === undefined ? this.#maxRetries : checkedRetries(options.maxRetries);

    let isUnclear = false;
    for (let retries = 0; ; retries++) {
      const outcome = await this.#send(url, init, timeoutMs, options.signal);
      if (outcome.kind === 'answer') return outcome.body as Answer<Id>;
      const { failure, error } = outcome;
      if (isUnclear && error.status === 404 && input.ifGone !== undefined) return input.ifGone;
      const delayMs = retryDelayMs(failure, { retries, maxRetries, isRepeatable }, Math.random());
      if (delayMs === undefined) throw error;
      isUnclear ||= mayBeDone(failure);
      await wait(delayMs, options.signal);
    }
  }

  #urlOf<Id extends OperationId>(operationId: Id, { id, query }: Input<Id>, options: RequestOptions): string {
    const { path, actsInEnvironment } = OPERATIONS[operationId];
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) parameters.set(name, String(value));
    }
    const environmentId = options.environmentId ?? this.#environmentId;
    if (actsInEnvironment && environmentId !== undefined) parameters.set('environment_id', environmentId);
    const text = parameters.toString();
    return this.#baseUrl + path.replace('{id}', () => pathSegmentOf(id)) + (text && `?${text}`);
  }

  #initOf<Id extends OperationId>(method: string, { body, json, idempotencyKey }: Input<Id>): RequestInit {
    const text = json ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers: Record<string, string> = {
      accept: 'application/json',
      authorization: this.#authorization,
      'user-agent': `tidings-client-typescript/${VERSION}`,
      ...(text !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': checkedIdempotencyKey(idempotencyKey) }),
    };
    // fetch takes the token along when it follows a redirect within an origin, and makes a GET of a POST.
    return { method, headers, redirect: 'manual', ...(text !== undefined && { body: text }) };
  }

  async #send(url: string, init: RequestInit, timeoutMs: number, signal: AbortSignal | undefined): Promise<Outcome> {
    signal?.throwIfAborted();
    // Not AbortSignal.any, which Node 18 has only from 18.17 on.
    const controller = new AbortController();
    const onAbort = (): void => controller.abort();
    signal?.addEventListener('abort', onAbort);
    let isTimeout = false;
    const timer = setTimeout(() => {
      isTimeout = true;
      controller.abort();
    }, timeoutMs);
    const fetch = this.#fetch;
    try {
      const response = await fetch(url, { ...init, signal: controller.signal });
      return outcomeOf(response, await textOf(response));
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof TidingsError) throw cause;
      return isTimeout
        ? {
            kind: 'failure',
            failure: { kind: 'timeout' },
            error: new TidingsTimeoutError(`no whole answer within ${timeoutMs} ms`, { cause }),
          }
        : {
            kind: 'failure',
            failure: { kind: 'connection' },
            error: new TidingsConnectionError(`no answer from ${this.#baseUrl}${codeOf(cause)}`, { cause }),
          };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function checkedBaseUrl(text: string): string {
  const url = parsedUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash) {
    throw new TypeError('baseUrl has to be an http or https URL without credentials, query and fragment');
  }
  return url.href.replace(/\/+$/, '');
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    // The error quotes the text, which may hold a password. (URL.canParse: from Node 18.17 on.)
    return undefined;
  }
}

function checkedIdempotencyKey(key: string): string {
  if (/^[ -~]{1,255}$/.test(key)) return key;
  throw new TypeError('idempotencyKey has to be 1 to 255 characters of printable ASCII');
}

function checkedTimeoutMs(timeoutMs: number): number {
  if (timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS) return timeoutMs;
  throw new TypeError(`timeoutMs has to be above 0 and at most ${TIMEOUT_MAX_MS}`);
}

function checkedRetries(maxRetries: number): number {
  if (Number.isInteger(maxRetries) && maxRetries >= 0) return maxRetries;
  throw new TypeError('maxRetries has to be a whole number, 0 or more');
}

function pathSegmentOf(id: string | undefined): string {
  // An empty id or dots would make it the path of something else.
  if (typeof id !== 'string' || /^\.{0,2}$/.test(id)) throw new TypeError('the id is missing, or is none');
  return encodeURIComponent(id);
}

/** What Node's fetch knows of a connection that failed, as `: ECONNREFUSED`. */
function codeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? `: ${cause.code}` : '';
}

function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(timer);
      // What the caller chose to be told.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
