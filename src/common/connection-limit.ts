import type { Server } from 'node:http';
import { Logger } from '@nestjs/common';

const ROOM_INTERVAL_MS = 1_000;
const LOG_INTERVAL_MS = 60_000;

/**
 * Bounds how many connections a server has open. One that is over the bound is closed at once, unanswered: an answer
 * would need what there is none left of. Connections that wait for their client's next request are closed then, so that
 * whoever keeps some open for later is not in the way of who has a request now.
 */
export function limitConnections(server: Server, max: number): void {
  const logger = new Logger('Http');
  const isTimeToMakeRoom = atMostEvery(ROOM_INTERVAL_MS);
  const isTimeToLog = atMostEvery(LOG_INTERVAL_MS);
  server.maxConnections = max;
  server.on('drop', () => {
    const nowMs = Date.now();
    if (isTimeToMakeRoom(nowMs)) server.closeIdleConnections();
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
