/**
 * What somebody who sets a receiver up got wrong, where a refused request shows it. A word never changes its meaning; new
 * ones may be added.
 */
export type VerificationMistake =
  /** The secret has blanks, a line end or quotes around it. */
  | 'secret_not_trimmed'
  /** `whsec_` stands before the secret. */
  | 'secret_prefixed'
  /** The secret is in base64, as the libraries of Standard Webhooks take it. */
  | 'secret_encoded'
  /** The same, twice. */
  | 'secret_encoded_twice'
  /** The body is not written as Tidings writes it: it was parsed and written again, or is not from Tidings. */
  | 'body_rewritten'
  /** The secret is that of another webhook than the one that the body names. */
  | 'secret_of_another_webhook'
  /** The body names the webhook whose secret this is said to be: that secret was replaced, or the body was changed. */
  | 'secret_replaced'
  /** One of the two before; which, can be told when the options have `webhookId`. */
  | 'other_secret';

export const MISTAKE_MESSAGES: Readonly<Record<VerificationMistake, string>> = {
  secret_not_trimmed: 'the secret has blanks, a line end or quotes around it: give it without',
  secret_prefixed: 'the secret has whsec_ before it: give it as the API gave it',
  secret_encoded: 'the secret is in base64: give it as the API gave it',
  secret_encoded_twice: 'the secret is in base64, twice: give it as the API gave it',
  body_rewritten:
    'the body is not as Tidings writes it: give the bytes that arrived, before anything parses them (or it is not from Tidings)',
  secret_of_another_webhook: 'the secret is that of another webhook than the one that sent this',
  secret_replaced:
    'the secret is not good any more: GET /webhook/{id}/secret says when it was replaced (or the body was changed)',
  other_secret:
    'the secret is that of another webhook, or was replaced: compare webhook_id in the body, and GET /webhook/{id}/secret',
};

/** The members of an envelope around the payload, as Tidings writes them. */
const ENVELOPE_HEAD = /^\{"id":"[\w-]{1,255}","event":"[^"\\]{1,255}","payload":/;
const ENVELOPE_TAIL = /,"environment_id":"[\w-]{1,255}","created_at":"[^"\\]{1,255}","webhook_id":"([\w-]{1,255})"\}$/;
/** Longer than head or tail can be. */
const ENVELOPE_END_LENGTH = 1_024;

const PREFIX = 'whsec_';
const BASE64 = /^[A-Za-z0-9+/]{2,}={0,2}$/;

/**
 * What is wrong where no signature matched. Of a secret as the API gives it, no other reading is tried, so that who sends
 * forged requests makes no work with it.
 *
 * @param webhookId whose secrets these are, where that is known.
 * @param isMatch whether the request is signed with this key.
 */
export function mistakeIn(
  rawBody: string | Uint8Array,
  secrets: readonly string[],
  webhookId: string | undefined,
  isMatch: (key: string) => boolean,
): VerificationMistake {
  for (const { key, mistake } of secrets.flatMap(otherReadings)) if (isMatch(key)) return mistake;
  const sender = senderOf(rawBody);
  if (sender === undefined) return 'body_rewritten';
  if (webhookId === undefined) return 'other_secret';
  return sender === webhookId ? 'secret_replaced' : 'secret_of_another_webhook';
}

/** What the secret may have been meant to be. */
function otherReadings(secret: string): { key: string; mistake: VerificationMistake }[] {
  const trimmed = secret.trim().replace(/^(["'])(.*)\1$/s, '$2');
  const bare = trimmed.startsWith(PREFIX) ? trimmed.slice(PREFIX.length) : trimmed;
  const decoded = decode(bare);
  const decodedTwice =
    decoded === undefined ? undefined : decode(decoded.startsWith(PREFIX) ? decoded.slice(PREFIX.length) : decoded);
  const readings: [string | undefined, VerificationMistake][] = [
    [trimmed, 'secret_not_trimmed'],
    [bare, 'secret_prefixed'],
    [decoded, 'secret_encoded'],
    [decodedTwice, 'secret_encoded_twice'],
  ];
  const tried = new Set([secret]);
  return readings.flatMap(([key, mistake]) => {
    if (key === undefined || tried.has(key)) return [];
    tried.add(key);
    return [{ key, mistake }];
  });
}

function decode(text: string): string | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64').toString() : undefined;
}

/** The webhook that a body names which Tidings may have written. */
function senderOf(rawBody: string | Uint8Array): string | undefined {
  const [head, tail] =
    typeof rawBody === 'string'
      ? [rawBody.slice(0, ENVELOPE_END_LENGTH), rawBody.slice(-ENVELOPE_END_LENGTH)]
      : [textOf(rawBody.subarray(0, ENVELOPE_END_LENGTH)), textOf(rawBody.subarray(-ENVELOPE_END_LENGTH))];
  return ENVELOPE_HEAD.test(head) ? ENVELOPE_TAIL.exec(tail)?.[1] : undefined;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
