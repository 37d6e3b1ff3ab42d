import type { FieldFailure } from './errors.js';
import { VerbatimJson } from './verbatim-json.js';

/** NUL, which PostgreSQL's text cannot hold, or half of a surrogate pair, which UTF-8 cannot. */
const UNSAFE = /\0|\p{Surrogate}/u;

/**
 * What cannot be stored or must not be copied, in a parsed body or query: texts with NUL or lone surrogates, and
 * members that have the name of one of Object.prototype. Opaque payloads are passed over: there, both travel as written.
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
    return isInherited(name) ? [{ field, message: UNKNOWN_FIELD }] : unsafeParts(member, field);
  });
}

/** No DTO declares what every object has, and class-transformer and class-validator pass over it without a word. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

export const UNKNOWN_FIELD = 'is not a known field';
