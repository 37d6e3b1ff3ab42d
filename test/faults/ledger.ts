import { fdatasync, openSync, readFileSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

const flush = promisify(fdatasync);

/* What the producer and the receiver write down. All times are Unix milliseconds; all processes are on one machine. */

/** An event as it was to be sent. The reference is a member of its payload, so a receipt tells which event it is. */
export interface IntendedEvent {
  ref: string;
  eventType: string;
  /** JSON as it is written into the request, which is how it has to reach the receiver. */
  payload: string;
}

/** Written and flushed to the disk before the first byte of the request leaves. */
export interface Intent {
  kind: 'intent';
  request: number;
  at: number;
  hasKey: boolean;
  events: IntendedEvent[];
}

/** What came of a request; one that has no outcome is `unknown` too. */
export interface Outcome {
  kind: 'outcome';
  request: number;
  /** `refused`: a 4xx. `unknown`: no answer, or a 5xx, and no key to repeat it with: stored or not. */
  result: 'accepted' | 'refused' | 'unknown';
  at: number;
  /** Tries without an answer, after which the event may have been stored. */
  unclearTries: number;
  status: number | null;
  /** In the order of the intent's events; empty unless accepted. */
  eventIds: string[];
}

export type ProducerRecord = Intent | Outcome;

/** A complete request, written before it is answered. */
export interface Receipt {
  at: number;
  /** The receiver's path. */
  hook: string;
  headers: Record<string, string>;
  body: string;
  /** Of the bytes as they arrived, in hex. */
  bodySha256: string;
  /** The status that follows, whether or not the sender lives to see it. */
  answer: number;
}

/** Appends records to a file, one JSON text a line. */
export class LedgerFile<Entry> {
  private readonly fd: number;

  constructor(path: string) {
    this.fd = openSync(path, 'a');
  }

  /** The record is with the operating system when this returns: it survives the end of this process. */
  append(entry: Entry): void {
    writeSync(this.fd, `${JSON.stringify(entry)}\n`);
  }

  /** The record is on the disk when this resolves. */
  async appendDurably(entry: Entry): Promise<void> {
    this.append(entry);
    await flush(this.fd);
  }
}

export function readLedger<Entry>(path: string): Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}

/** The reference of the event in a receipt's body, or null when it has none. */
export function refIn(body: string): string | null {
  return /"payload":\{"ref":"([^"]+)"/.exec(body)?.[1] ?? null;
}
