import { types } from 'node:util';
import { describeError } from './error-description.js';

const REDACTED = '[redacted]';
const MAX_DEPTH = 6;
/** Characters. The longest target URL has 2,048. */
const MAX_TEXT = 4096;

/** They hold a credential or the content of a request. */
const SENSITIVE_MEMBER =
  /secret|token|passw|authori[sz]ation|cookie|credential|(encryption|api|private)_?keys?$|^(payload|body|headers?|query|querystring|parameters|params|detail)$/i;
/** They only describe such a thing: `token_id`, `secret_count`, `api_token_expires_at`. */
const TELLING_MEMBER = /(_id|_count|_at|Id|Count|At)$/;

const TEXT_RULES: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w\-.~+/]+=*/gi, `$1 ${REDACTED}`],
  [/\b(tdg|whsec)_[\w\-+/=]+/g, `$1_${REDACTED}`],
  // The user and password of a URL, then its query string; also the query string of a path alone.
  [/(\b[a-z][a-z\d+.-]*:\/\/)[^\s/?#]*@/gi, `$1${REDACTED}@`],
  [/(\/[^\s?"'<>]*)\?[^\s"'<>]+/g, `$1?${REDACTED}`],
];

/** Lines repeat the same few members: to remember the verdicts halves the time for a line. */
const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 1000;

/** Skips ids, states and names, in which no rule can find anything. */
const WORTH_A_LOOK = /[?@]|bearer|basic|tdg_|whsec_/i;

/** @param secrets a text that contains another comes before it. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text);
}

export function redactText(text: string, secrets: readonly string[]): string {
  const known = withoutSecrets(text, secrets);
  const cut = known.length > MAX_TEXT ? `${known.slice(0, MAX_TEXT)}…` : known;
  if (!WORTH_A_LOOK.test(cut)) return cut;
  return TEXT_RULES.reduce((left, [pattern, replacement]) => left.replace(pattern, replacement), cut);
}

/**
 * The last protection against secrets in the log: removes credentials, query strings and the content of requests. It
 * judges members by their name, and texts by the look of credentials. An object that is neither plain nor an error is
 * shown only by its class. A secret UUID cannot be recognised.
 *
 * @param name the member that holds the value.
 * @param secrets texts that must not appear, whatever they look like.
 */
export function redactMember(name: string, value: unknown, secrets: readonly string[], depth = 0): unknown {
  const isHidden = value !== null && value !== undefined && isSensitive(name);
  return isHidden ? REDACTED : redactAt(value, secrets, depth);
}

function redactAt(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol' || typeof value === 'function') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (isError(value)) return redactAt(describeError(value), secrets, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return redactText(value.href, secrets);
  if (Array.isArray(value)) return value.map((member) => redactAt(member, secrets, depth + 1));
  if (!isPlain(value)) return `[${value.constructor.name}]`;
  const redacted: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) {
    redacted[name] = redactMember(name, member, secrets, depth + 1);
  }
  return redacted;
}

function isSensitive(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const verdict = SENSITIVE_MEMBER.test(name) && !TELLING_MEMBER.test(name);
  if (verdicts.size < MAX_VERDICTS) verdicts.set(name, verdict);
  return verdict;
}

/** Also for an error of another thread or realm. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
