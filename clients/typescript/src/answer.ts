import { TidingsError } from './errors.js';
import { isObject } from './json-object.js';
import { type Failure, parseRetryAfterMs } from './retry-policy.js';
import type { ErrorResponse, FieldFailure } from './types.js';

/** What became of one try. */
export type Outcome = { kind: 'answer'; body: unknown } | { kind: 'failure'; failure: Failure; error: TidingsError };

/** A page of 1,000 deliveries is half a megabyte; a payload may be as long as the installation allows. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

/** @throws TidingsError when the body is longer than ANSWER_MAX_BYTES; the rest is not read. */
export async function textOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { value } = (await reader.read()) as { value?: Uint8Array };
    if (value === undefined) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > ANSWER_MAX_BYTES) {
      await reader.cancel();
      const { status } = response;
      throw new TidingsError(`the answer is longer than ${ANSWER_MAX_BYTES} bytes`, { status });
    }
    text += decoder.decode(value, { stream: true });
  }
}

export function outcomeOf(response: Response, text: string): Outcome {
  const body = parsed(text);
  if (response.ok && isObject(body)) return { kind: 'answer', body };

  const { status, headers } = response;
  const retryAfterMs = parseRetryAfterMs(headers.get('retry-after'), Date.now());
  const facts = { status, retryAfterMs, requestId: headers.get('x-request-id') ?? undefined };
  const failure = { kind: 'status', status, retryAfterMs } as const;
  if (isApiError(body)) {
    const { code, message, details = {} } = body;
    const failures = Array.isArray(details.failures) ? details.failures.filter(isFieldFailure) : [];
    return { kind: 'failure', failure, error: new TidingsError(message, { ...facts, code, details, failures }) };
  }
  return { kind: 'failure', failure, error: new TidingsError(`${status}: ${reasonOf(response)}`, facts) };
}

/** Nothing of the body is told: it is not ours. */
function reasonOf({ ok, status, headers }: Response): string {
  if (status >= 300 && status < 400 && headers.has('location'))
    return 'a redirect, which is not followed because the token is not for its target';
  const type = headers.get('content-type') ?? 'of no type';
  return ok
    ? `the answer is not a JSON object (${type})`
    : `the answer is not one of Tidings's (${type}); is baseUrl right?`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isApiError(body: unknown): body is ErrorResponse {
  if (!isObject(body)) return false;
  const { code, message, details = {} } = body as Partial<Record<keyof ErrorResponse, unknown>>;
  return typeof code === 'string' && typeof message === 'string' && isObject(details);
}

function isFieldFailure(value: unknown): value is FieldFailure {
  if (!isObject(value)) return false;
  const { field, message } = value as Partial<Record<keyof FieldFailure, unknown>>;
  return typeof field === 'string' && typeof message === 'string';
}
