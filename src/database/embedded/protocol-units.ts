const SSL_REQUEST = 80877103;
const GSS_ENCRYPTION_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
const [QUERY, SYNC, FLUSH, FUNCTION_CALL, TERMINATE] = ['Q', 'S', 'H', 'F', 'X'].map((type) => type.charCodeAt(0));

/**
 * What a client sends as one unit.
 *
 * - `encryption`: it asks for TLS or GSS; the answer is one byte.
 * - `startup`: the connection begins.
 * - `messages`: they must stay together. `endsAtSync`: the engine answers ReadyForQuery (else, after a Flush, it waits
 *   for more from the same client).
 * - `end`: the client leaves, or asks to cancel another's query, which the engine cannot do.
 */
export type ProtocolUnit =
  | { kind: 'encryption' }
  | { kind: 'startup' }
  | { kind: 'messages'; bytes: Buffer; endsAtSync: boolean }
  | { kind: 'end' };

/**
 * Splits the data of one client (PostgreSQL's wire protocol, version 3) into units. A query with parameters is five
 * messages around one unnamed statement of the session, which all clients share. If another client's Parse came
 * between, a client would run that statement and get its rows.
 */
export class ProtocolUnits {
  private received: Buffer = Buffer.alloc(0);
  private readonly later: Buffer[] = [];
  private laterBytes = 0;
  /** The start of the first message that may be incomplete. */
  private scanned = 0;
  /** Bytes needed to go on: avoids copying a large message for each chunk. */
  private needed = 0;
  private started = false;

  push(chunk: Buffer): ProtocolUnit[] {
    this.later.push(chunk);
    this.laterBytes += chunk.length;
    if (this.received.length + this.laterBytes < this.needed) return [];
    this.received = Buffer.concat([this.received, ...this.later]);
    this.later.length = 0;
    this.laterBytes = 0;

    const units: ProtocolUnit[] = [];
    for (let unit = this.next(); unit; unit = this.next()) units.push(unit);
    return units;
  }

  private next(): ProtocolUnit | undefined {
    return this.started ? this.nextMessages() : this.nextPrelude();
  }

  private nextPrelude(): ProtocolUnit | undefined {
    if (!this.has(8)) return undefined;
    const length = this.received.readInt32BE(0);
    if (!this.has(length)) return undefined;
    const code = this.received.readInt32BE(4);
    this.take(length);
    if (code === SSL_REQUEST || code === GSS_ENCRYPTION_REQUEST) return { kind: 'encryption' };
    if (code === CANCEL_REQUEST) return { kind: 'end' };
    this.started = true;
    return { kind: 'startup' };
  }

  private nextMessages(): ProtocolUnit | undefined {
    while (this.has(this.scanned + 5)) {
      const type = this.received[this.scanned];
      const end = this.scanned + 1 + this.received.readInt32BE(this.scanned + 1);
      if (!this.has(end)) return undefined;
      this.scanned = end;
      if (type === TERMINATE) {
        this.take(end);
        return { kind: 'end' };
      }
      if (type === QUERY || type === SYNC || type === FLUSH || type === FUNCTION_CALL) {
        return { kind: 'messages', bytes: this.take(end), endsAtSync: type !== FLUSH };
      }
    }
    return undefined;
  }

  private has(bytes: number): boolean {
    this.needed = bytes;
    return this.received.length >= bytes;
  }

  private take(bytes: number): Buffer {
    const taken = this.received.subarray(0, bytes);
    this.received = this.received.subarray(bytes);
    this.scanned = 0;
    this.needed = 0;
    return taken;
  }
}
