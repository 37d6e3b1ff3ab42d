import type { FieldFailure } from './errors.js';
import { VerbatimJson } from './verbatim-json.js';

/** NUL, which PostgreSQL's text cannot hold, or half of a surrogate pair, which UTF-8 cannot. */
const UNSAFE = /\0|\p{Surrogate}/u;

/** No DTO has these members, and class-transformer passes over them without a word. */
const PROTOTYPE_MEMBERS = new Set(['__proto__', 'constructor']);

/**
 * What cannot be stored or must not be copied, in a parsed body or query: texts with NUL or lone surrogates, and the
 * members that lead to a prototype. Opaque payloads are passed over: there, both travel as written.
 *
 * The value is at most 64 levels deep (json-body.ts), so the recursion is bounded.
 */
export function unsafeParts(value: unknown, path = ''): FieldFailure[] {
  if (typeof value === 'string') {
    return UNSAFE.test(value) ? [{ field: path, message: 'must not hold NUL or lone surrogates' }] : [];
  }
  if (typeof value !== 'object' || value === null || value instanceof VerbatimJson) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const field = path ? `${path}.${name}` : name;
    return PROTOTYPE_MEMBERS.has(name) ? [{ field, message: UNKNOWN_FIELD }] : unsafeParts(member, field);
  });
}

export const UNKNOWN_FIELD = 'is not a known field';
