import type { FieldFailure } from './errors.js';
import { VerbatimJson } from './verbatim-json.js';

/**
 * PostgreSQL's text cannot hold NUL, and UTF-8 cannot hold half of a surrogate pair. Opaque payloads are skipped: they
 * keep both as written.
 */
export function* unsafeTexts(value: unknown, path: string): Generator<FieldFailure> {
  if (typeof value === 'string') {
    if (UNSAFE.test(value)) yield { field: path, message: 'must not hold NUL or lone surrogates' };
  } else if (typeof value === 'object' && value !== null && !(value instanceof VerbatimJson)) {
    for (const [name, member] of Object.entries(value)) yield* unsafeTexts(member, `${path}.${name}`);
  }
}

const UNSAFE = /\0|\p{Surrogate}/u;
