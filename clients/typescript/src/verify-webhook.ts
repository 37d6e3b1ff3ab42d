import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from './json-object.js';
import type { WebhookEvent } from './types.js';
import { MISTAKE_MESSAGES, mistakeIn, type VerificationMistake } from './verification-mistake.js';

/** Why a request was refused. A code never changes its meaning; new ones may be added. */
export type WebhookVerificationReason =
  /** A header that the signature needs is not there. */
  | 'missing_header'
  /** A header is there twice, is too long, or does not have the documented form. */
  | 'invalid_header'
  /** The attempt is older than the tolerance: a replay, or a clock that is wrong. */
  | 'timestamp_too_old'
  /** The attempt is further in the future than the tolerance: a clock is wrong. */
  | 'timestamp_too_new'
  /** No signature was made with one of the secrets over this body. */
  | 'signature_mismatch'
  /** Only from `unwrap`: the signature is right, but the body is not an event. */
  | 'invalid_body';

/** The request is not to be trusted: answer 400 or 401, and do nothing else with it. */
export class WebhookVerificationError extends Error {
  override readonly name = 'WebhookVerificationError';

  constructor(
    /** What programs may act on. The message is for people; it holds neither a secret nor anything of the body. */
    readonly reason: WebhookVerificationReason,
    message: string,
    /** With `signature_mismatch`: what is probably wrong here, if the request is genuine. For people and their logs. */
    readonly mistake?: VerificationMistake | undefined,
  ) {
    super(message);
  }
}

/**
 * The headers of a request: a `Headers` object or what Node, Express, Fastify and AWS Lambda have. Names in any case of
 * letters.
 */
export type WebhookHeaders =
  { get(name: string): string | null } | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface VerifyOptions {
  /**
   * Which of the two signatures is checked.
   *
   * `standard`, the default: `webhook-signature`, which covers the event's id, the time of the attempt and the body.
   * `body`: the signature over the body alone, for what already sits behind such a header. It has no time in it, so
   * somebody who once saw a request can send it again for ever, and `toleranceSeconds` has no meaning: keep the ids of
   * the events that you have handled.
   */
  signature?: 'standard' | 'body' | undefined;
  /** How far the time of the attempt may be from now, before or after. Seconds, 0 or more; default 300. */
  toleranceSeconds?: number | undefined;
  /** The name of the header of the body signature: the installation's `SIGNATURE_HEADER`. Default `X-Webhook-Signature`. */
  signatureHeader?: string | undefined;
  /** The time that the attempt's is compared with. Default: the current time. */
  now?: Date | undefined;
  /**
   * The webhook whose secrets these are. Only for `mistake` of a refusal: with it, the secret of another webhook is told
   * from one that was replaced.
   */
  webhookId?: string | undefined;
}

const DEFAULT_TOLERANCE_SECONDS = 300;
const DEFAULT_SIGNATURE_HEADER = 'X-Webhook-Signature';

/** Tidings has at most five live secrets of a webhook, and so sends at most five signatures; the rest is room. */
const SIGNATURES_MAX = 16;
const SECRETS_MAX = 16;
/** Sixteen signatures of `v1,` and 44 characters. Node takes 16 KiB of headers before this is asked. */
const SIGNATURE_HEADER_MAX_LENGTH = 1_024;

/**
 * Both signatures have the same key, so what is signed for one must never be what the other signs: `id.timestamp.body`
 * begins with an id, which has no brace, and a body begins with one. Without a dot it is clear where the id ends.
 */
const ID = /^[\w-]{1,255}$/;
const BRACE = '{'.charCodeAt(0);
const TIMESTAMP = /^[0-9]{1,12}$/;
const BODY_SIGNATURE = /^format=sha256,v=(?:([A-Za-z0-9+/]{43}=)|([0-9A-Fa-f]{64}))$/;

/**
 * Checks that a request is from Tidings and as it was sent. Returns nothing when it is.
 *
 * By default the Standard Webhooks signature has to be there and right, even when a right body signature stands beside
 * it: only `webhook-signature` covers the time of the attempt. If the other were taken in its place, whoever had seen
 * one request could leave the `webhook-…` headers away and send it again at any later time. So the body signature
 * counts only for receivers that ask for it, with `signature: 'body'`; both in base64 and in hexadecimal digits.
 *
 * @param headers of the request.
 * @param rawBody the bytes that arrived, or their text, before any parsing: JSON that was parsed and written again has
 * another signature.
 * @param secret the webhook's `secret` as the API gave it, without a prefix or an encoding. While you rotate, both.
 * @throws WebhookVerificationError when the request is not to be trusted; its `reason` says why.
 * @throws TypeError when it was called wrongly: without a secret, or with a body that was parsed.
 */
export function verifyWebhook(
  headers: WebhookHeaders,
  rawBody: string | Uint8Array,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): void {
  const secrets = secretsOf(secret);
  if (typeof rawBody !== 'string' && !ArrayBuffer.isView(rawBody)) {
    throw new TypeError('rawBody has to be the bytes or the text that arrived, before any parsing');
  }
  if (options.signature === 'body') {
    verifyBodySignature(headers, rawBody, secrets, options);
  } else {
    verifyStandardSignature(headers, rawBody, secrets, options);
  }
}

/**
 * Verifies a request as `verifyWebhook` does and returns the event in it, of the type that `event` says. New event types
 * may be added to Tidings: let what you do not know pass.
 *
 * Numbers are those of `JSON.parse`, so integers beyond 2^53 lose digits; where they matter, parse the raw body yourself.
 *
 * @throws WebhookVerificationError as `verifyWebhook` does, and with `invalid_body` when the body is not an event.
 */
export function unwrap(
  headers: WebhookHeaders,
  rawBody: string | Uint8Array,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): WebhookEvent {
  verifyWebhook(headers, rawBody, secret, options);
  const text = typeof rawBody === 'string' ? rawBody : new TextDecoder().decode(rawBody);
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    // Not as the cause: the parser's message quotes the body.
    throw new WebhookVerificationError('invalid_body', 'the body is not JSON');
  }
  if (!isEvent(event)) throw new WebhookVerificationError('invalid_body', 'the body is not an event of Tidings');
  return event;
}

function verifyStandardSignature(
  headers: WebhookHeaders,
  rawBody: string | Uint8Array,
  secrets: readonly string[],
  { toleranceSeconds = DEFAULT_TOLERANCE_SECONDS, now = new Date(), webhookId }: VerifyOptions,
): void {
  if (!(toleranceSeconds >= 0)) throw new TypeError('toleranceSeconds has to be 0 or more');
  const id = requiredHeader(headers, 'webhook-id');
  const timestamp = requiredHeader(headers, 'webhook-timestamp');
  const signatures = requiredHeader(headers, 'webhook-signature');
  if (!ID.test(id)) throw invalidHeader('webhook-id');
  if (!TIMESTAMP.test(timestamp)) throw invalidHeader('webhook-timestamp');

  const ageSeconds = Math.floor(now.getTime() / 1_000) - Number(timestamp);
  // Not `>`: of an invalid date nothing may follow but a refusal.
  if (!(ageSeconds <= toleranceSeconds)) {
    throw new WebhookVerificationError('timestamp_too_old', 'the attempt is older than the tolerance');
  }
  if (!(ageSeconds >= -toleranceSeconds)) {
    throw new WebhookVerificationError('timestamp_too_new', 'the attempt is further in the future than the tolerance');
  }

  if (signatures.length > SIGNATURE_HEADER_MAX_LENGTH) throw invalidHeader('webhook-signature');
  const given = signatures.split(' ');
  // Two commas in one: a `Headers` object and Node join what was there twice, by a comma and a space.
  if (given.length > SIGNATURES_MAX || given.some((signature) => /,.*,/.test(signature))) {
    throw invalidHeader('webhook-signature');
  }
  // What has another version than v1 equals none of them.
  const signed = (secret: string): string =>
    `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(rawBody).digest('base64')}`;
  refuseUnlessSigned(given, rawBody, secrets, webhookId, signed);
}

function verifyBodySignature(
  headers: WebhookHeaders,
  rawBody: string | Uint8Array,
  secrets: readonly string[],
  { signatureHeader: name = DEFAULT_SIGNATURE_HEADER, webhookId }: VerifyOptions,
): void {
  const [, base64, hex] = BODY_SIGNATURE.exec(requiredHeader(headers, name)) ?? [];
  const given = base64 ?? hex?.toLowerCase();
  if (given === undefined) throw invalidHeader(name);
  const first = typeof rawBody === 'string' ? rawBody.charCodeAt(0) : rawBody[0];
  // Tidings has signed no such body: it may be what a Standard Webhooks signature was made over, with the time in it.
  if (first !== BRACE) throw mismatch('body_rewritten');
  const encoding = base64 === undefined ? 'hex' : 'base64';
  const signed = (secret: string): string => createHmac('sha256', secret).update(rawBody).digest(encoding);
  refuseUnlessSigned([given], rawBody, secrets, webhookId, signed);
}

/** @param signed the signature that a secret would have made. */
function refuseUnlessSigned(
  given: readonly string[],
  rawBody: string | Uint8Array,
  secrets: readonly string[],
  webhookId: string | undefined,
  signed: (secret: string) => string,
): void {
  if (hasMatch(given, secrets.map(signed))) return;
  throw mismatch(mistakeIn(rawBody, secrets, webhookId, (key) => hasMatch(given, [signed(key)])));
}

/** Compares each with each in a time that does not depend on where they differ. */
function hasMatch(given: readonly string[], expected: readonly string[]): boolean {
  let isMatch = false;
  for (const right of expected.map((text) => Buffer.from(text))) {
    for (const signature of given.map((text) => Buffer.from(text))) {
      if (signature.length === right.length && timingSafeEqual(signature, right)) isMatch = true;
    }
  }
  return isMatch;
}

function secretsOf(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (!areUsable(secrets)) {
    throw new TypeError(`secret has to be a string that is not blank, or 1 to ${SECRETS_MAX} of them`);
  }
  return secrets;
}

/** Also for callers without types: a secret that is undefined is a setting that is missing, not a bad request. */
function areUsable(secrets: unknown): boolean {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > SECRETS_MAX) return false;
  // As a list that has no holes, which `every` would pass over.
  return [...(secrets as unknown[])].every((secret) => typeof secret === 'string' && secret.trim() !== '');
}

function requiredHeader(headers: WebhookHeaders, name: string): string {
  const values = headerValues(headers, name.toLowerCase());
  const [value] = values;
  if (value === undefined || value === '') {
    throw new WebhookVerificationError('missing_header', `the header ${name} is missing`);
  }
  // Two values are never sent, and which of them a proxy meant cannot be told.
  if (values.length > 1) throw invalidHeader(name);
  return value;
}

function headerValues(headers: WebhookHeaders, name: string): readonly string[] {
  if (isHeaders(headers)) {
    const value = headers.get(name);
    return value === null ? [] : [value];
  }
  return Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value]) => value ?? []);
}

function isHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function';
}

function isEvent(value: unknown): value is WebhookEvent {
  if (!isObject(value)) return false;
  const { id, event, payload } = value as Partial<WebhookEvent>;
  return typeof id === 'string' && typeof event === 'string' && isObject(payload);
}

function invalidHeader(name: string): WebhookVerificationError {
  return new WebhookVerificationError('invalid_header', `the header ${name} does not have the documented form`);
}

function mismatch(mistake: VerificationMistake): WebhookVerificationError {
  const message = `no signature was made with this secret over this body: ${MISTAKE_MESSAGES[mistake]}`;
  return new WebhookVerificationError('signature_mismatch', message, mistake);
}
