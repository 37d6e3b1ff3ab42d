import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';

const ROOM_INTERVAL_MS = 1_000;
const LOG_INTERVAL_MS = 60_000;

interface Use {
  /** Requests whose answers are not wholly sent. */
  underWay: number;
  /** Bytes that had arrived when the last answer was sent; null before that. */
  bytesRead: number | null;
}

/**
 * Bounds how many connections a server has open. One that is over the bound is closed at once, unanswered: an answer
 * would need what there is none left of. Connections that wait for their client's next request are closed then, so that
 * whoever keeps some open for later is not in the way of who has a request now. Not by Node's `closeIdleConnections`
 * (20.20): it cuts off answers that are written and not yet sent.
 */
export function limitConnections(server: Server, max: number): void {
  const logger = new Logger('Http');
  const isTimeToMakeRoom = atMostEvery(ROOM_INTERVAL_MS);
  const isTimeToLog = atMostEvery(LOG_INTERVAL_MS);
  const connections = new Map<Socket, Use>();
  server.maxConnections = max;
  server.on('connection', (socket: Socket) => {
    connections.set(socket, { underWay: 0, bytesRead: null });
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const use = connections.get(socket);
    if (!use) return;
    use.underWay += 1;
    response.once('close', () => {
      use.underWay -= 1;
      use.bytesRead = socket.bytesRead;
    });
  });
  server.on('drop', () => {
    const nowMs = Date.now();
    if (isTimeToMakeRoom(nowMs)) {
      for (const [socket, { underWay, bytesRead }] of connections) {
        if (underWay === 0 && socket.bytesRead === bytesRead) socket.destroySoon();
      }
    }
    if (isTimeToLog(nowMs)) logger.warn({ msg: 'connections are refused, because too many are open', limit: max });
  });
}

function atMostEvery(intervalMs: number): (nowMs: number) => boolean {
  let lastAtMs = -Infinity;
  return (nowMs) => {
    if (nowMs - lastAtMs < intervalMs) return false;
    lastAtMs = nowMs;
    return true;
  };
}
