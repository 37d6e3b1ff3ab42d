import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * @param status of the answer.
 * @param body as much of it as came with the head.
 */
export type OnAnswer = (status: number, body: string) => void;

/**
 * A keep-alive connection that has one request at a time under way. It knows as much of HTTP/1.1 as the service's
 * answers need: a status line and a Content-Length. A client of Node's or undici's would take as much of the processor
 * as the service that is measured.
 */
export class HttpConnection {
  private head = '';
  /** Bytes of the body that are still to come; null: the head is not whole yet. */
  private bytesLeft: number | null = null;
  private status = 0;
  private bodyStart = '';
  private onAnswer: OnAnswer | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly onBroken: (error: Error) => void,
  ) {
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.onBroken(error));
    socket.on('close', () => {
      if (this.onAnswer) this.onBroken(new Error('the service closed a connection before it answered'));
    });
  }

  /** @param onBroken told when the connection fails; it is of no use afterwards. */
  static async open(port: number, onBroken: (error: Error) => void): Promise<HttpConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new HttpConnection(socket, onBroken);
  }

  /** @param request head and body, of ASCII characters alone. */
  send(request: string, onAnswer: OnAnswer): void {
    this.onAnswer = onAnswer;
    if (this.socket.destroyed) this.onBroken(new Error('the service has closed a connection'));
    else this.socket.write(request, 'latin1');
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    if (this.bytesLeft === null) this.receiveHead(chunk);
    else this.bytesLeft -= chunk.length;
    if (this.bytesLeft !== 0) return;
    const { onAnswer, status, bodyStart } = this;
    this.onAnswer = null;
    this.bytesLeft = null;
    this.head = '';
    this.bodyStart = '';
    onAnswer?.(status, bodyStart);
  }

  private receiveHead(chunk: Buffer): void {
    this.head += chunk.toString('latin1');
    const end = this.head.indexOf(HEAD_END);
    if (end < 0) return;
    this.status = Number(this.head.slice(9, 12));
    this.bodyStart = this.head.slice(end + HEAD_END.length);
    this.bytesLeft = Number(CONTENT_LENGTH.exec(this.head)?.[1]) - this.bodyStart.length;
    if (Number.isNaN(this.bytesLeft)) this.onBroken(new Error(`an answer has no Content-Length:\n${this.head}`));
  }
}
