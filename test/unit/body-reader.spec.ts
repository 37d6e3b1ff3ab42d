import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { BodyBudget } from '../../src/http/body-budget.js';
import { type ReadBody, readBody } from '../../src/http/body-reader.js';

const MEBIBYTE = 1_048_576;
const MAX_BYTES = 8 * MEBIBYTE;
/** And the piece of a read from the socket that went beyond it. */
const BYTES_PER_TURN = 256 * 1024 + 64 * 1024;

describe('the reader of bodies', () => {
  let server: Server;
  let clients: Socket[];
  /** What became of each request's body. */
  let bodies: Promise<ReadBody>[];
  /** The most bytes of one body that came in a turn of the event loop. */
  let mostInTurn: number;

  beforeEach(async () => {
    [clients, bodies, mostInTurn] = [[], [], 0];
    const budget = new BodyBudget({ totalBytes: 64 * MEBIBYTE, shareBytes: 64 * MEBIBYTE });
    server = createServer((request, response) => {
      const body = readBody({ request, response, owners: ['a'] }, MAX_BYTES, budget);
      bodies.push(body);
      watchTurns(request);
      body.then(
        ({ bytes }) => response.end(String(bytes.length)),
        () => response.writeHead(413).end('refused'),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const client of clients) client.destroy();
    server.close();
  });

  const watchTurns = (request: IncomingMessage): void => {
    let inTurn = 0;
    request.on('data', (chunk: Buffer) => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0));
      inTurn += chunk.length;
      mostInTurn = Math.max(mostInTurn, inTurn);
    });
  };
  const open = (): Socket => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
    clients.push(client.on('error', () => undefined));
    return client;
  };
  const head = (length: number, ...headers: string[]): string =>
    [`POST / HTTP/1.1`, 'Host: a', `Content-Length: ${length}`, ...headers, '', ''].join('\r\n');
  /** All answers, once the server has closed the connection. */
  const answersOf = async (client: Socket): Promise<string> => {
    let text = '';
    client.on('data', (part: string) => (text += part));
    await once(client, 'end');
    return text;
  };

  it('takes a large one a piece in a turn of the event loop, and the request behind it after that', async () => {
    const client = open();
    client.write(
      head(4 * MEBIBYTE) + 'x'.repeat(4 * MEBIBYTE) + head(300_000, 'Connection: close') + 'y'.repeat(300_000),
    );
    const text = await answersOf(client);
    expect(text.match(/^\d{6,}/gm)).toEqual([String(4 * MEBIBYTE), '300000']);
    expect(mostInTurn).toBeGreaterThan(0);
    expect(mostInTurn).toBeLessThanOrEqual(BYTES_PER_TURN);
  });

  it('tells of one that breaks off, wherever that was', async () => {
    const client = open();
    client.write(head(4 * MEBIBYTE) + 'x'.repeat(2 * MEBIBYTE));
    await once(server, 'request');
    client.end();
    await expect(bodies[0]).rejects.toMatchObject({ code: 'MALFORMED_REQUEST' });
  });

  it('drops the rest of one that became too large, and serves the next request of the connection', async () => {
    const client = open();
    const chunk = `100000\r\n${'x'.repeat(MEBIBYTE)}\r\n`;
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let sent = 0; sent < 9; sent += 1) client.write(chunk);
    client.write(`0\r\n\r\n${head(1, 'Connection: close')}z`);
    const text = await answersOf(client);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });
});
