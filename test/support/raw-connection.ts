import { connect, type Socket } from 'node:net';
import { until } from './wait.js';

/** What came back on a connection, up to now or as a whole. */
export interface RawAnswer {
  text: string;
  /** Of all answers, 1xx ones included, in their order. */
  statuses: number[];
  /** Of the answers that are errors. */
  codes: string[];
}

/** A connection that sends bytes as a test writes them. */
export class RawConnection {
  private readonly socket: Socket;
  private received = '';
  isClosed = false;

  /** @param from The address to connect from: another one is another sender. */
  constructor(port: number, from = '127.0.0.1') {
    this.socket = connect({ port, host: '127.0.0.1', localAddress: from });
    // Reset, or refused: it is closed all the same.
    this.socket.on('error', () => undefined);
    this.socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    this.socket.on('close', () => (this.isClosed = true));
  }

  send(data: string | Buffer): this {
    this.socket.write(data, 'latin1');
    return this;
  }

  /** Says that nothing more comes, and goes on to read. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** Leaves without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  get answer(): RawAnswer {
    return {
      text: this.received,
      statuses: [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
      codes: [...this.received.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code!),
    };
  }

  /** Leaves, and tells the service so: without a reset, it looks like a client that reads on. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** What came until the service closed the connection. */
  async closed(): Promise<RawAnswer> {
    await until(
      'the connection to be closed',
      () => this.isClosed,
      undefined,
      () => this.received.slice(-500),
    );
    return this.answer;
  }

  /** What has come when there is an answer with a final status, or as many as asked for. */
  async answered(count = 1): Promise<RawAnswer> {
    const finals = (): number => this.answer.statuses.filter((status) => status >= 200).length;
    await until(
      `${count} answers`,
      () => finals() >= count,
      undefined,
      () => this.received.slice(-500),
    );
    return this.answer;
  }
}
