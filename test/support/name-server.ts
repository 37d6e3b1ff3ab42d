import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** What a name server knows of a name. A family that is left out has no records; `silent` ones are never answered. */
export interface NameRecords {
  a?: string[] | 'silent';
  aaaa?: string[] | 'silent';
  /** The server says that it could not find out (SERVFAIL). */
  fails?: true;
  /** The server takes this long. */
  delayMs?: number;
}

const TYPE_A = 1;
const TYPE_AAAA = 28;
const HEADER_BYTES = 12;
const RESPONSE_NO_ERROR = 0x8180;
const RESPONSE_SERVER_FAILED = 0x8182;
const RESPONSE_NO_SUCH_NAME = 0x8183;

/** A name server on a UDP port of 127.0.0.1 (RFC 1035 §4) that knows A and AAAA records, and counts questions. */
export class NameServer {
  /** The names asked for, once for each question. */
  readonly questions: string[] = [];
  private readonly socket: Socket = createSocket('udp4');
  private readonly held: (() => void)[] = [];
  private isHolding = false;

  private readonly timers = new Set<NodeJS.Timeout>();

  /** @param names may be changed while the server runs. */
  constructor(readonly names: Record<string, NameRecords> = {}) {
    this.socket.on('message', (query, client) => {
      const { name } = questionOf(query);
      this.questions.push(name);
      if (this.isHolding) this.held.push(() => this.answer(query, client));
      else this.answerAfter(this.names[name]?.delayMs ?? 0, query, client);
    });
  }

  /** As resolvers take it. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  async start(): Promise<this> {
    this.socket.bind(0, '127.0.0.1');
    await once(this.socket, 'listening');
    return this;
  }

  /** Keeps questions without an answer until `release`. */
  hold(): void {
    this.isHolding = true;
  }

  get heldQuestions(): number {
    return this.held.length;
  }

  release(): void {
    this.isHolding = false;
    for (const answer of this.held.splice(0)) answer();
  }

  async close(): Promise<void> {
    this.timers.forEach(clearTimeout);
    this.socket.close();
    await once(this.socket, 'close');
  }

  private answerAfter(delayMs: number, query: Buffer, client: RemoteInfo): void {
    if (delayMs === 0) return this.answer(query, client);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.answer(query, client);
    }, delayMs);
    this.timers.add(timer);
  }

  private answer(query: Buffer, client: RemoteInfo): void {
    const { name, type, end } = questionOf(query);
    const records = this.names[name];
    const known = type === TYPE_A ? records?.a : type === TYPE_AAAA ? records?.aaaa : undefined;
    if (known === 'silent') return;
    const answers = (records?.fails ? [] : (known ?? [])).map((address) => recordOf(type, address));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt16BE(query.readUInt16BE(0), 0);
    header.writeUInt16BE(responseOf(records), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(answers.length, 6);
    this.socket.send(
      Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...answers]),
      client.port,
      client.address,
    );
  }
}

function responseOf(records: NameRecords | undefined): number {
  if (!records) return RESPONSE_NO_SUCH_NAME;
  return records.fails ? RESPONSE_SERVER_FAILED : RESPONSE_NO_ERROR;
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** A resource record with a time to live of 0, whose name points at the question's. */
function recordOf(type: number, address: string): Buffer {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const fields = Buffer.from([0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([fields, data]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
}
