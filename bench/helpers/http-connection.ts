import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/** @param body the part that came with the head. */
export type OnAnswer = (status: number, body: string) => void;

/**
 * A keep-alive connection with one request at a time. It reads a status line and a Content-Length, which is enough for
 * the service's answers: a client of Node's or undici's would use as much of the processor as the service that is
 * measured.
 */
export class HttpConnection {
  private head = '';
  /** Of the body; null: the head is not complete yet. */
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

  /** @param onBroken called when the connection fails; it is then useless. */
  static async open(port: number, onBroken: (error: Error) => void): Promise<HttpConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new HttpConnection(socket, onBroken);
  }

  /** @param request head and body, in ASCII. */
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
