import { connect, type Socket } from 'node:net';

/** How a connection ended. */
export interface Ending {
  /** All that was answered. */
  text: string;
  /** Milliseconds from the connection to its end. */
  afterMs: number;
}

/** A connection that sends its text at once, and then one byte now and then until it is ended. */
export class SlowClient {
  readonly connected: Promise<void>;
  readonly ended: Promise<Ending>;
  private readonly socket: Socket;
  private drip: NodeJS.Timeout | undefined;
  private received = '';

  /**
   * @param everyMs Between two bytes; null: it sends no more.
   * @param from The address to connect from: another one is another sender.
   */
  constructor(port: number, text: string, everyMs: number | null, byte = 'a', from = '127.0.0.1') {
    // The server's clock may begin before this side learns that they are connected.
    const openedAtMs = Date.now();
    const socket = connect({ port, host: '127.0.0.1', localAddress: from });
    this.socket = socket;
    // Reset, or refused: it ends all the same.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    this.connected = new Promise((resolve) => {
      socket.on('connect', () => {
        socket.write(text);
        if (everyMs !== null) this.drip = setInterval(() => socket.writable && socket.write(byte), everyMs);
        resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        clearInterval(this.drip);
        resolve({ text: this.received, afterMs: Date.now() - openedAtMs });
      });
    });
  }

  /** What was answered so far. */
  get answers(): string {
    return this.received;
  }

  /** Sends this, and drips no more. */
  send(text: string): void {
    clearInterval(this.drip);
    this.socket.write(text);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The last answer on a connection, when it is an error. */
export function errorIn(text: string): { status: number; head: string; body: Record<string, unknown> } {
  const last = text.slice(text.lastIndexOf('HTTP/1.1 '));
  const [head = '', body = ''] = last.split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) as Record<string, unknown> };
}
