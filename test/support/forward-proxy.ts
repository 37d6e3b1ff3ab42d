import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';

/** A tunnel that was asked for. */
export interface Tunnel {
  authority: string | undefined;
  authorization: string | undefined;
}

/** A forward proxy that takes every name for 127.0.0.1, and writes down what it was asked for. */
export function forwardProxy(answer: number | 'hangs' = 200): { server: Server; tunnels: Tunnel[] } {
  const tunnels: Tunnel[] = [];
  const server = createServer((_, response) => response.writeHead(500).end('not a tunnel'));
  server.on('connect', ({ url, headers }, client) => {
    tunnels.push({ authority: url, authorization: headers['proxy-authorization'] });
    if (answer === 'hangs') return;
    if (answer !== 200) {
      client.end(`HTTP/1.1 ${answer} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(Number(url!.split(':').at(-1)), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  });
  return { server, tunnels };
}
