import { connect } from 'node:net';
import { addAbortSignal } from 'node:stream';

/** A request as it is written to the wire, whether or not it is one. */
export interface RawRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: readonly (readonly [string, string])[];
  body: Buffer | null;
  /** The length of the chunks that the body is sent in; null: its whole length is told beforehand. */
  chunkBytes: number | null;
}

/** What came back, of which only the size is kept. */
export interface RawAnswer {
  /** null: the connection ended without one. */
  status: number | null;
  /** With its head. */
  bytes: number;
}

/** Sends the request on a connection of its own and waits for its end, which the signal brings about. */
export function exchange(baseUrl: string, request: RawRequest, signal: AbortSignal): Promise<RawAnswer> {
  const { host, hostname, port } = new URL(baseUrl);
  return new Promise((resolve) => {
    const socket = addAbortSignal(signal, connect(Number(port), hostname));
    let head = '';
    let bytes = 0;
    socket.on('data', (chunk: Buffer) => {
      if (bytes < 32) head += chunk.toString('latin1', 0, 32);
      bytes += chunk.length;
    });
    // Whoever is refused may be cut off while it still sends.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
      resolve({ status: status === undefined ? null : Number(status), bytes });
    });
    socket.write(headOf(host, request), 'latin1');
    if (request.body) socket.write(framed(request.body, request.chunkBytes));
  });
}

function headOf(host: string, { method, path, headers, body, chunkBytes }: RawRequest): string {
  const framing = chunkBytes === null ? `Content-Length: ${body?.length}` : 'Transfer-Encoding: chunked';
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: close',
    ...(body ? [framing] : []),
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** The body in chunks (RFC 9112 §7.1), which it is many of when they are short: so it is written in place. */
function framed(body: Buffer, chunkBytes: number | null): Buffer {
  if (chunkBytes === null) return body;
  const opening = `${chunkBytes.toString(16)}\r\n`;
  const whole = Math.floor(body.length / chunkBytes);
  const stride = opening.length + chunkBytes + 2;
  const chunks = Buffer.alloc(whole * stride, `${opening}${'\0'.repeat(chunkBytes)}\r\n`);
  for (let at = 0; at < whole; at += 1) {
    body.copy(chunks, at * stride + opening.length, at * chunkBytes, (at + 1) * chunkBytes);
  }
  const rest = body.subarray(whole * chunkBytes);
  const last = rest.length > 0 ? [Buffer.from(`${rest.length.toString(16)}\r\n`), rest, Buffer.from('\r\n')] : [];
  return Buffer.concat([chunks, ...last, Buffer.from('0\r\n\r\n')]);
}
