import { excerpt } from './excerpt.js';

/** One member of `details.failures`. `field` is a path such as `event_types.0`. */
export interface FieldFailure {
  field: string;
  message: string;
}

/** The message for a member that no DTO declares. */
export const UNKNOWN_FIELD = 'is not a known field';

const MAX_FAILURES = 100;
/** Of their JSON text. A name of 200 characters can take 1,200 bytes there; an answer has 64 KiB for everything. */
const MAX_BYTES = 48 * 1024;

/**
 * What an answer says of the failures of a request: each once, names cut short, and a hundred at most. It takes from its
 * source what it says and no more, so a source that looks for failures as it is asked ends with it: a generator.
 */
export class FailureList {
  readonly shown: readonly FieldFailure[];
  /** More may be wrong than is shown. */
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
