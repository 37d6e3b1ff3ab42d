import { writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';
import { fitLine } from './fit-line.js';

const STDOUT = 1;
/** In characters, for a slow reader. Beyond this, lines are dropped. */
const MAX_WAITING = 16 * 1024 * 1024;
/** A pipe takes as much in one piece (PIPE_BUF of Linux), however many write into it. */
const PIECE_BYTES = 4_096;
const NEWLINE = 0x0a;
const RETRY_MS = 20;
/** How long an exiting process waits for its reader to take the rest. */
const EXIT_GRACE_MS = 200;

/**
 * Writes the lines of one turn of the event loop together, and never waits for the reader. If the reader stalls or
 * leaves, or the disk is full, lines are lost, and the service continues.
 *
 * Not pino's own destination (sonic-boom 4.2): its writes occupy a thread that libuv joins at exit, so a stalled reader
 * prevents the exit, and its flush at exit repeats a failing write for ever.
 */
export class StdoutLines implements DestinationStream {
  private waiting = '';
  private rest: Buffer = Buffer.alloc(0);
  private isScheduled = false;

  private readonly fd: number;
  private readonly isShared: boolean;

  /**
   * @param isShared other processes write lines to it, too: whole lines are written at once, and long ones are cut for
   *   that. Default: false.
   */
  constructor({ fd = STDOUT, isShared = false }: { fd?: number; isShared?: boolean } = {}) {
    this.fd = fd;
    this.isShared = isShared;
    // The first access to process.stdout makes a pipe non-blocking: a write to a full one then fails with EAGAIN.
    if (fd === STDOUT) process.stdout.on('error', () => undefined);
    process.once('exit', () => this.writeBefore(Date.now() + EXIT_GRACE_MS));
  }

  write(line: string): void {
    if (this.waiting.length + line.length > MAX_WAITING) return;
    this.waiting += this.isShared ? fitLine(line, PIECE_BYTES) : line;
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.writeWaiting());
  }

  private writeWaiting(): void {
    this.isScheduled = false;
    if (this.tryToWrite()) return;
    this.isScheduled = true;
    setTimeout(() => this.writeWaiting(), RETRY_MS).unref();
  }

  private writeBefore(deadline: number): void {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (!this.tryToWrite() && Date.now() < deadline) Atomics.wait(sleeper, 0, 0, 1);
  }

  /** Of the rest: lines that fit into a piece together. */
  private piece(): Buffer {
    const { rest } = this;
    if (!this.isShared || rest.length <= PIECE_BYTES) return rest;
    return rest.subarray(0, rest.lastIndexOf(NEWLINE, PIECE_BYTES - 1) + 1);
  }

  /** @returns whether nothing waits any more: everything is written, or can never be. */
  private tryToWrite(): boolean {
    try {
      while (this.rest.length > 0 || this.waiting !== '') {
        if (this.rest.length === 0) {
          this.rest = Buffer.from(this.waiting);
          this.waiting = '';
        }
        this.rest = this.rest.subarray(writeSync(this.fd, this.piece()));
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      this.rest = Buffer.alloc(0);
      this.waiting = '';
      return true;
    }
  }
}
