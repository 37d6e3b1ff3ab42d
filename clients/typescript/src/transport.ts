import { type Outcome, outcomeOf, textOf } from './answer.js';
import { TidingsConnectionError, TidingsError, TidingsTimeoutError } from './errors.js';
import { OPERATIONS } from './generated/operations.js';
import { VERSION } from './generated/version.js';
import {
  checkedBaseUrl,
  checkedEnvironmentId,
  checkedRetries,
  checkedTimeoutMs,
  DEFAULT_MAX_RETRIES,
  DEFAULT_TIMEOUT_MS,
  type RequestOptions,
  type TidingsOptions,
} from './options.js';
import { PageList } from './page-list.js';
import { mayBeDone, retryDelayMs } from './retry-policy.js';
import type { Answer, Body, ErrorCode, ItemOf, OperationId, Page, PagedOperationId, Query } from './types.js';

type QueryItem = string | number | boolean | Date;
type QueryValue = QueryItem | readonly QueryItem[] | null | undefined;

interface Input<Id extends OperationId> {
  /** What stands for `{id}` in the path. */
  id?: string;
  query?: Query<Id> | undefined;
  body?: Body<Id>;
  /** The body as text, in place of `body`. */
  json?: string;
  idempotencyKey?: string;
  /** Whether it has its effect once, however often it is sent. Default: all but a POST without an idempotency key. */
  isRepeatable?: boolean;
  /** What is returned when a retry is told by this code that the resource is gone, after a try that may have deleted it. */
  ifGone?: { code: ErrorCode; answer: Answer<Id> };
}

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
    this.#environmentId = checkedEnvironmentId(options.environmentId);
    this.#timeoutMs = checkedTimeoutMs(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.#maxRetries = checkedRetries(options.maxRetries ?? DEFAULT_MAX_RETRIES);
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /** A list; `query.next_cursor` is where it begins. */
  list<Id extends PagedOperationId>(operationId: Id, input: Input<Id>, options?: RequestOptions): PageList<ItemOf<Id>> {
    return new PageList(async (cursor) => {
      const query = cursor === undefined ? input.query : { ...input.query, next_cursor: cursor };
      const page: unknown = await this.request(operationId, { ...input, query: query as Query<Id> }, options);
      // Of another service, or of something between: walking it would fail without saying why.
      if (!isPage(page))
        throw new TidingsError('the answer is not a page of a list; is baseUrl right?', { status: 200 });
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
      if (isUnclear && input.ifGone !== undefined && error.code === input.ifGone.code) return input.ifGone.answer;
      const delayMs = retryDelayMs(failure, { retries, maxRetries, isRepeatable }, Math.random());
      if (delayMs === undefined) throw error;
      isUnclear ||= mayBeDone(failure);
      await wait(delayMs, options.signal);
    }
  }

  #urlOf<Id extends OperationId>(operationId: Id, { id, query }: Input<Id>, options: RequestOptions): string {
    const { path, actsInEnvironment } = OPERATIONS[operationId];
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries((query ?? {}) as Record<string, QueryValue>)) {
      if (value === undefined || value === null) continue;
      for (const item of [value].flat()) {
        parameters.append(name, item instanceof Date ? item.toISOString() : String(item));
      }
    }
    const environmentId = checkedEnvironmentId(options.environmentId) ?? this.#environmentId;
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
    const answer = async (): Promise<Outcome> => {
      const response = await fetch(url, { ...init, signal: controller.signal });
      return outcomeOf(response, await textOf(response));
    };
    try {
      // A fetch of the caller's may not know of signals.
      return await Promise.race([answer(), abortOf(controller.signal)]);
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

function checkedIdempotencyKey(key: string): string {
  // HTTP takes spaces at the ends away: two keys would become one.
  if (typeof key === 'string' && /^[!-~](?:[ -~]{0,253}[!-~])?$/.test(key)) return key;
  throw new TypeError('idempotencyKey has to be 1 to 255 characters of printable ASCII, no space at either end');
}

function pathSegmentOf(id: string | undefined): string {
  // An empty id or dots would make it the path of something else.
  if (typeof id !== 'string' || /^\.{0,2}$/.test(id)) throw new TypeError('the id is missing, or is none');
  return encodeURIComponent(id);
}

/** What Node's fetch knows of a connection that failed, as `: ECONNREFUSED`. */
function codeOf(error: unknown): string {
  const code = (error as { cause?: { code?: unknown } } | null | undefined)?.cause?.code;
  return typeof code === 'string' ? `: ${code}` : '';
}

function isPage(body: unknown): boolean {
  const { result, next_cursor } = body as Partial<Record<string, unknown>>;
  return Array.isArray(result) && (next_cursor === null || typeof next_cursor === 'string');
}

/** Rejects when the signal, which nobody else has, ends. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
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
