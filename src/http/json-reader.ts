import { ApiError, type ErrorCode, type FieldFailure } from './errors.js';
import { excerpt } from './excerpt.js';
import { UNKNOWN_FIELD } from './failure-list.js';
import {
  CLOSE_OBJECT,
  closeOf,
  COMMA,
  endOfName,
  endOfString,
  endOfValue,
  endOfWord,
  JsonFault,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  valueOfMember,
} from './json-grammar.js';
import { VerbatimJson } from './verbatim-json.js';

/** A payload may have as many within itself. */
export const MAX_JSON_DEPTH = 64;
/** The largest batch; no other list accepts as many. */
export const MAX_JSON_ITEMS = 1_000;
export const MAX_JSON_MEMBERS = 100;
/** A batch of 1,000 has 4,002. */
export const MAX_JSON_VALUES = 10_000;
/**
 * Of a text or number that is not in a payload. The longest is a URL of 2,048 escaped characters: 12,288 bytes. Also,
 * V8 hashes a longer string by its length only, so many of them as names would be compared each with each.
 */
export const MAX_JSON_TEXT_BYTES = 16_383;

interface Frame {
  readonly value: Record<string, unknown> | unknown[];
  readonly close: number;
  count: number;
  key: string | number;
}

/**
 * Reads a body that may be hostile, in one pass over its bytes. It gives the result of JSON.parse with three
 * exceptions. A `payload` is opaque: it is checked and kept as its text. A member of our own objects may not be
 * repeated. Everything else has a limit, so values made from 8 MiB are small. The first fault ends the reading.
 *
 * @throws ApiError MALFORMED_JSON, PAYLOAD_TOO_LARGE, and VALIDATION_FAILED for what is over a limit
 */
export class JsonReader {
  private at: number;
  private values = 0;
  private root: unknown;
  private readonly frames: Frame[] = [];

  /** @param bytes valid UTF-8 */
  constructor(
    private readonly bytes: Buffer,
    private readonly maxPayloadBytes: number,
  ) {
    this.at = skipSpace(bytes, 0);
  }

  /** Incomplete until `advance` has returned true. */
  get value(): unknown {
    return this.root;
  }

  /** Reads about this many bytes more, to the end of the current value. True at the end of the text. */
  advance(byteCount: number): boolean {
    const stop = this.at + byteCount;
    try {
      while (!this.readNext()) if (this.at >= stop) return false;
      return true;
    } catch (error) {
      throw error instanceof JsonFault ? this.errorOf(error) : error;
    }
  }

  private readNext(): boolean {
    if (++this.values > MAX_JSON_VALUES)
      throw refusal([], `must have at most ${MAX_JSON_VALUES} values beside payloads`);
    const byte = this.bytes[this.at];
    if (this.isOpaque()) this.put(this.payload());
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      const frame = this.open(byte);
      if (this.bytes[this.at] !== frame.close) {
        this.enterNext(frame);
        return false;
      }
    } else this.put(byte === QUOTE ? this.text() : this.word());
    return this.leaveValue();
  }

  /** Goes on to the next value, out of what ends here; true at the end of the text. */
  private leaveValue(): boolean {
    for (;;) {
      this.at = skipSpace(this.bytes, this.at);
      const frame = this.frames.at(-1);
      if (!frame) {
        if (this.at < this.bytes.length) throw new JsonFault('malformed', this.at);
        return true;
      }
      if (this.bytes[this.at] === frame.close) {
        this.frames.pop();
        this.at++;
      } else {
        if (this.bytes[this.at] !== COMMA) throw new JsonFault('malformed', this.at);
        this.at = skipSpace(this.bytes, this.at + 1);
        this.enterNext(frame);
        return false;
      }
    }
  }

  private open(byte: number): Frame {
    if (this.frames.length === MAX_JSON_DEPTH) throw new JsonFault('too_deep', this.at);
    const value = byte === OPEN_OBJECT ? {} : [];
    const frame: Frame = { value, close: closeOf(byte), count: 0, key: '' };
    this.put(value);
    this.frames.push(frame);
    this.at = skipSpace(this.bytes, this.at + 1);
    return frame;
  }

  private enterNext(frame: Frame): void {
    const isObject = frame.close === CLOSE_OBJECT;
    if (frame.count === (isObject ? MAX_JSON_MEMBERS : MAX_JSON_ITEMS)) {
      throw refusal(this.frames.slice(0, -1), `must have at most ${frame.count} ${isObject ? 'members' : 'items'}`);
    }
    frame.key = isObject ? this.name() : frame.count;
    frame.count++;
    if (!isObject) return;
    if (Object.hasOwn(frame.value, frame.key)) throw repeated(this.frames);
    this.at = valueOfMember(this.bytes, this.at);
  }

  private name(): string {
    const start = this.at;
    this.at = endOfName(this.bytes, start);
    if (this.at - start - 2 > MAX_JSON_TEXT_BYTES) {
      this.frames.at(-1)!.key = this.bytes.toString('utf8', start + 1, start + 1_000);
      throw refusal(this.frames, UNKNOWN_FIELD);
    }
    return textOf(this.bytes, start + 1, this.at - 1);
  }

  private text(): string {
    const start = this.at;
    this.at = endOfString(this.bytes, start);
    this.checkLength(this.at - start - 2);
    return textOf(this.bytes, start + 1, this.at - 1);
  }

  private word(): unknown {
    const start = this.at;
    this.at = endOfWord(this.bytes, start);
    this.checkLength(this.at - start);
    return JSON.parse(this.bytes.toString('latin1', start, this.at));
  }

  private checkLength(byteCount: number): void {
    if (byteCount <= MAX_JSON_TEXT_BYTES) return;
    throw refusal(this.frames, `must be at most ${MAX_JSON_TEXT_BYTES} bytes long`);
  }

  private isOpaque(): boolean {
    const frames = this.frames;
    if (frames.at(-1)?.key !== 'payload') return false;
    return (
      frames.length === 1 || (frames.length === 3 && frames[0]!.key === 'events' && Array.isArray(frames[1]!.value))
    );
  }

  private payload(): VerbatimJson {
    const start = this.at;
    this.at = endOfValue(this.bytes, start, { depth: MAX_JSON_DEPTH, bytes: this.maxPayloadBytes });
    // A new string: a slice would keep the whole body in memory.
    return VerbatimJson.of(this.bytes.toString('utf8', start, this.at));
  }

  private put(value: unknown): void {
    const frame = this.frames.at(-1);
    if (!frame) this.root = value;
    else if (Array.isArray(frame.value)) frame.value.push(value);
    else if (frame.key !== '__proto__') frame.value[frame.key] = value;
    else Object.defineProperty(frame.value, frame.key, { value, writable: true, enumerable: true, configurable: true });
  }

  private errorOf({ kind, at }: JsonFault): ApiError {
    if (kind === 'malformed') return new ApiError('MALFORMED_JSON', `The body is not valid JSON (at byte ${at})`);
    if (kind === 'too_long') {
      const failure = { field: fieldOf(this.frames), message: `is over ${this.maxPayloadBytes} bytes` };
      return errorOf('PAYLOAD_TOO_LARGE', `${failure.field} ${failure.message}`, failure);
    }
    const tooDeep = `must not be nested deeper than ${MAX_JSON_DEPTH} levels`;
    return this.isOpaque() ? refusal(this.frames, tooDeep) : new ApiError('MALFORMED_JSON', `The body ${tooDeep}`);
  }
}

function refusal(frames: readonly Frame[], rule: string): ApiError {
  const field = fieldOf(frames);
  return ApiError.validation([{ field, message: field ? rule : `The body ${rule}` }]);
}

function repeated(frames: readonly Frame[]): ApiError {
  const field = fieldOf(frames);
  const message = `The member ${field} is given more than once`;
  return errorOf('MALFORMED_JSON', message, { field, message: 'must be given once' });
}

function errorOf(code: ErrorCode, message: string, failure: FieldFailure): ApiError {
  return new ApiError(code, message, { details: { failures: [failure] } });
}

function fieldOf(frames: readonly Frame[]): string {
  return excerpt(frames.map(({ key }) => key).join('.'));
}

/** `pay\u006coad` is `payload`. */
function textOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
