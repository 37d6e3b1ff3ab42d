import { describeError } from './error-description.js';

const REDACTED = '[redacted]';
const MAX_DEPTH = 6;
/** Characters; a longer text is cut. The longest target URL has 2,048. */
const MAX_TEXT = 4096;

/** Members that hold a credential, or a request's content, whatever they hold it as. */
const SENSITIVE_MEMBER =
  /secret|token|passw|authori[sz]ation|cookie|credential|(encryption|api|private)_?keys?$|^(payload|body|headers?|query|querystring|parameters|params|detail)$/i;
/** Members that only tell of such a thing: `token_id`, `secret_count`, `api_token_expires_at`. */
const TELLING_MEMBER = /(_id|_count|_at|Id|Count|At)$/;

const TEXT_RULES: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w\-.~+/]+=*/gi, `$1 ${REDACTED}`],
  [/\b(tdg|whsec)_[\w\-+/=]+/g, `$1_${REDACTED}`],
  // The user and password of a URL, then its query string; the latter of a bare path too.
  [/(\b[a-z][a-z\d+.-]*:\/\/)[^\s/?#]*@/gi, `$1${REDACTED}@`],
  [/(\/[^\s?"'<>]*)\?[^\s"'<>]+/g, `$1?${REDACTED}`],
];

/**
 * The net under the rule that nothing secret is logged: takes credentials, query strings and the content of requests
 * out of a value on its way to the log. Members are judged by their name, texts by what credentials look like, and
 * of an object that is neither plain nor an error only the class is told. It cannot know a UUID that is a secret.
 *
 * @param secrets texts that must not appear, whatever they look like.
 */
export function redact(value: unknown, secrets: readonly string[] = []): unknown {
  return redactAt(value, secrets, 0);
}

export function redactText(text: string, secrets: readonly string[] = []): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const known = secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), cut);
  return TEXT_RULES.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), known);
}

function redactAt(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol' || typeof value === 'function') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return redactAt(describeError(value), secrets, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactText(value.href, secrets);
  if (Array.isArray(value)) return value.map((member) => redactAt(member, secrets, depth + 1));
  if (!isPlain(value)) return `[${value.constructor.name}]`;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      isSensitive(name) && member !== null && member !== undefined ? REDACTED : redactAt(member, secrets, depth + 1),
    ]),
  );
}

function isSensitive(name: string): boolean {
  return SENSITIVE_MEMBER.test(name) && !TELLING_MEMBER.test(name);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
