import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A server that listens, and every connection that it was given. */
export interface Listening {
  port: number;
  connections: Socket[];
}

/**
 * Servers for the tests of a file; when a test ends, its servers and their sockets are closed.
 *
 * @returns Listens on a free port of 127.0.0.1, of another host, or (null) of every address of the machine.
 */
export function useServers(): (server: Server, host?: string | null) => Promise<Listening> {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });
  return async (server, host = '127.0.0.1') => {
    const connections: Socket[] = [];
    server.on('connection', (socket: Socket) => {
      socket.on('error', () => undefined);
      connections.push(socket);
    });
    server.listen(0, host ?? undefined);
    await once(server, 'listening');
    closing.push(async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    });
    return { port: (server.address() as AddressInfo).port, connections };
  };
}
