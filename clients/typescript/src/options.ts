export interface TidingsOptions {
  /** Where the service is: `https://tidings.example.com`, with a path if a proxy has it under one. */
  baseUrl: string;
  /** An API token, or the admin token. */
  token: string;
  /** The environment to act in. The admin token needs one; an API token has its own. */
  environmentId?: string | undefined;
  /**
   * How long one try may take until the whole answer is there. Milliseconds, above 0; default 30,000. A whole call may
   * take as long for each try, and up to 60.5 s for each wait between them: a `signal` bounds it.
   */
  timeoutMs?: number | undefined;
  /** How often a request is sent again at most, where that is safe. 0 or more; default 3. */
  maxRetries?: number | undefined;
  /** What sends the requests in place of the global `fetch`: for a proxy, or for tests. */
  fetch?: typeof globalThis.fetch | undefined;
}

/** Options of one request; those of the client hold for what is absent. */
export interface RequestOptions {
  /** Ends the request, its waits and its retries; the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long one try may take. Milliseconds, above 0. */
  timeoutMs?: number | undefined;
  /** How often it is sent again at most. */
  maxRetries?: number | undefined;
  /** The environment to act in. */
  environmentId?: string | undefined;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_MAX_RETRIES = 3;
/** The longest wait that a timer takes. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export function checkedBaseUrl(text: string): string {
  const url = parsedUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || /[?#]/.test(url.href)) {
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

export function checkedEnvironmentId(id: string | undefined): string | undefined {
  if (id === undefined || (typeof id === 'string' && id !== '')) return id;
  throw new TypeError('environmentId has to be the id of an environment');
}

export function checkedTimeoutMs(timeoutMs: number): number {
  if (timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS) return timeoutMs;
  throw new TypeError(`timeoutMs has to be above 0 and at most ${TIMEOUT_MAX_MS}`);
}

export function checkedRetries(maxRetries: number): number {
  if (Number.isInteger(maxRetries) && maxRetries >= 0) return maxRetries;
  throw new TypeError('maxRetries has to be a whole number, 0 or more');
}
