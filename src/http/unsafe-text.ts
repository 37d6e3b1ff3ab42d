import type { FieldFailure } from './errors.js';
import { VerbatimJson } from './verbatim-json.js';

/**
 * The texts of a field that cannot be stored: with NUL, which PostgreSQL's text cannot hold, or with half of a
 * surrogate pair, which UTF-8 cannot hold. Opaque payloads are skipped: there both are kept as written.
 */
export function* unsafeTexts(value: unknown, path: string): Generator<FieldFailure> {
  if (typeof value === 'string') {
    if (UNSAFE.test(value)) yield { field: path, message: 'must not hold NUL or lone surrogates' };
  } else if (typeof value === 'object' && value !== null && !(value instanceof VerbatimJson)) {
    for (const [name, member] of Object.entries(value)) yield* unsafeTexts(member, `${path}.${name}`);
  }
}

const UNSAFE = /\0|\p{Surrogate}/u;
