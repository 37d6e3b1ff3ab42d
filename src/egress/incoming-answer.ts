import type { Socket } from 'node:net';
import { EgressError } from './attempt-error.js';
import type { RequestTimings } from './request-timings.js';

/** With all 1xx answers. */
const HEAD_MAX_BYTES = 16_384;
/**
 * The head, 64 KiB of a body, and as much again for framing: endless chunk extensions and trailers are not part of a
 * body.
 */
const ANSWER_MAX_BYTES = 131_072;
/**
 * The parser reads a piece to its end even if the answer is refused, and makes an error for every further header: 64
 * KiB of them took 170 ms, and now take 5 ms.
 */
const PIECE_BYTES = 1_024;
/** Each piece takes about 9 µs, though it may hold one byte. */
const PIECES_MAX = 2_048;

const NOTHING = Buffer.alloc(0);
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];
/** The start of the status line of a 1xx answer (RFC 9112 §4). `#` is any digit. */
const INTERIM_STATUS_LINE = 'HTTP/#.# 1##';

export class IncomingAnswer {
  hasHead = false;
  private bytes = 0;
  private pieces = 0;
  private readonly interim = new InterimAnswers();

  constructor(private readonly timings: RequestTimings) {}

  get hasBegun(): boolean {
    return this.bytes > 0;
  }

  get hasSwitched(): boolean {
    return this.interim.hasSwitched;
  }

  /** Returns the part that the parser gets, or why it gets nothing more. */
  take(piece: Buffer): Buffer | EgressError {
    const { timings } = this;
    if (timings.firstByteMs === null && timings.sentAt !== null) {
      timings.firstByteMs = Math.round(performance.now() - timings.sentAt);
    }
    this.bytes += piece.length;
    this.pieces += 1;
    if (this.pieces === 1 && isHttp2(piece)) return new EgressError('http2_only', 'the answer is a frame of HTTP/2');
    if (this.bytes > (this.hasHead ? ANSWER_MAX_BYTES : HEAD_MAX_BYTES) || this.pieces > PIECES_MAX) {
      return new EgressError('response_too_large', 'more was sent than an answer may be');
    }
    return this.interim.takeOut(piece);
  }
}

/**
 * Removes the 1xx answers before the final one: a client must skip them, asked for or not (RFC 9110 §15.2). undici ends
 * the connection at 100 and 101, and at any that says `Connection: close`.
 */
class InterimAnswers {
  hasSwitched = false;
  private state: 'status line' | 'headers' | 'over' = 'status line';
  /** How much of `INTERIM_STATUS_LINE` has matched, and which part of it came in earlier pieces. */
  private matched = 0;
  private held: Buffer = NOTHING;
  private isLineEmpty = false;

  takeOut(piece: Buffer): Buffer {
    let lineAt = 0;
    for (let at = 0; at < piece.length && this.state !== 'over'; at += 1) {
      const byte = piece[at]!;
      if (this.state === 'headers') {
        if (this.isEndOfHeaders(byte)) lineAt = at + 1;
      } else if (this.matched === 0 && isLineEnd(byte)) {
        // The parser also looks for the status line after empty lines.
        lineAt = at + 1;
      } else if (!isNextOf(this.matched, byte)) {
        this.state = 'over';
      } else if ((this.matched += 1) === INTERIM_STATUS_LINE.length) {
        const line = Buffer.concat([this.held, piece.subarray(lineAt, at + 1)]).toString('latin1');
        this.hasSwitched ||= line.endsWith(' 101');
        this.held = NOTHING;
        this.state = 'headers';
        this.isLineEmpty = false;
      }
    }
    if (this.state === 'headers') return NOTHING;
    const rest = this.held.length > 0 ? Buffer.concat([this.held, piece.subarray(lineAt)]) : piece.subarray(lineAt);
    this.held = this.state === 'over' ? NOTHING : rest;
    return this.state === 'over' ? rest : NOTHING;
  }

  private isEndOfHeaders(byte: number): boolean {
    if (byte !== LINE_FEED) {
      this.isLineEmpty &&= byte === CARRIAGE_RETURN;
      return false;
    }
    if (!this.isLineEmpty) {
      this.isLineEmpty = true;
      return false;
    }
    this.state = 'status line';
    this.matched = 0;
    return true;
  }
}

function isLineEnd(byte: number): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

function isNextOf(matched: number, byte: number): boolean {
  const expected = INTERIM_STATUS_LINE.charCodeAt(matched);
  return expected === 0x23 ? byte >= 0x30 && byte <= 0x39 : byte === expected;
}

/** Every connection of HTTP/2 begins with a SETTINGS frame (RFC 9113 §3.4, §4.1). */
function isHttp2(piece: Buffer): boolean {
  return piece.length >= 9 && piece[0] === 0 && piece[3] === 0x04 && piece.readUInt32BE(5) === 0;
}

export function readThrough(socket: Socket, answerUnderWay: () => IncomingAnswer): void {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = () => {
    // A destroyed socket still returns its buffered bytes.
    while (!socket.destroyed) {
      const piece = read(socket.readableLength > PIECE_BYTES ? PIECE_BYTES : undefined);
      if (!piece) return null;
      const seen = answerUnderWay().take(piece);
      if (seen instanceof EgressError) socket.destroy(seen);
      else if (seen.length > 0) return seen;
    }
    return null;
  };
}
