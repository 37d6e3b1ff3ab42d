import { excerpt } from './excerpt.js';

/** One member of `details.failures`. `field` is a path such as `event_types.0`. */
export interface FieldFailure {
  field: string;
  message: string;
}

export const UNKNOWN_FIELD = 'is not a known field';

export const IS_REQUIRED = 'is required';

const MAX_FAILURES = 100;
/** Of JSON text. A name of 200 characters can take 1,200 bytes; an answer has 64 KiB for everything. */
const MAX_BYTES = 48 * 1024;

/**
 * The failures as an answer shows them: each once, names cut short, a hundred at most. It takes no more from its source
 * than it shows, so a generator stops early.
 */
export class FailureList {
  readonly shown: readonly FieldFailure[];
  readonly isCut: boolean;

  constructor(failures: Iterable<FieldFailure>) {
    const shown: FieldFailure[] = [];
    let bytes = 0;
    this.shown = shown;
    this.isCut = false;
    for (const failure of failures) {
      const { message } = failure;
      const field = excerpt(failure.field);
      if (shown.some((known) => known.field === field && known.message === message)) continue;
      bytes += Buffer.byteLength(JSON.stringify({ field, message }));
      if (shown.length === MAX_FAILURES || bytes > MAX_BYTES) {
        this.isCut = true;
        break;
      }
      shown.push({ field, message });
    }
  }
}
