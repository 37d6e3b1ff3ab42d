import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BlockList, type Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { networkOf } from './network-of.js';
import type { ServerLimits } from './server-limits.js';

const ROOM_INTERVAL_MS = 1_000;
const LOG_INTERVAL_MS = 60_000;

export interface ConnectionLimits extends Pick<ServerLimits, 'maxConnections' | 'maxConnectionsPerNetwork'> {
  /** CIDR ranges of proxies that everybody comes through. Their connections count only in the total. */
  exempt: readonly string[];
}

interface Use {
  underWay: number;
  /** When the last answer was sent; null before the first answer. */
  bytesRead: number | null;
}

interface Group {
  readonly connections: Map<Socket, Use>;
  readonly isTimeToMakeRoom: Clock;
}

type Clock = (nowMs: number) => boolean;

/**
 * Limits the open connections, in total and from one network. One over a limit is closed without an answer, which would
 * need the resources that have run out. Then idle connections under the same limit are closed, too, to make room.
 * Node's `closeIdleConnections` (20.20) cuts off answers that are written and not yet sent.
 */
export function limitConnections(
  server: Server,
  { maxConnections, maxConnectionsPerNetwork, exempt }: ConnectionLimits,
): void {
  const logger = new Logger('Http');
  const isTimeToLog = { all: atMostEvery(LOG_INTERVAL_MS), network: atMostEvery(LOG_INTERVAL_MS) };
  const isExempt = membershipOf(exempt);
  const all = newGroup();
  const networks = new Map<string, Group>();

  const groupsOf = (address: string): Group[] => {
    if (isExempt(address)) return [all];
    const network = networkOf(address);
    const group = networks.get(network) ?? newGroup();
    networks.set(network, group);
    return [all, group];
  };

  server.maxConnections = maxConnections;
  server.on('connection', (socket: Socket) => {
    const { remoteAddress: address = '' } = socket;
    const groups = groupsOf(address);
    const network = groups[1];
    if (network && network.connections.size >= maxConnectionsPerNetwork) {
      socket.destroy();
      makeRoom(network);
      if (isTimeToLog.network(Date.now())) {
        const msg = 'connections from one network are refused, because it has too many open';
        logger.warn({ msg, network: networkOf(address), limit: maxConnectionsPerNetwork });
      }
      return;
    }
    const use: Use = { underWay: 0, bytesRead: null };
    for (const { connections } of groups) connections.set(socket, use);
    socket.once('close', () => {
      for (const { connections } of groups) connections.delete(socket);
      if (network?.connections.size === 0) networks.delete(networkOf(address));
    });
  });
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const use = all.connections.get(socket);
    if (!use) return;
    use.underWay += 1;
    response.on('close', () => {
      use.underWay -= 1;
      use.bytesRead = socket.bytesRead;
    });
  });
  server.on('drop', () => {
    makeRoom(all);
    if (isTimeToLog.all(Date.now())) {
      logger.warn({ msg: 'connections are refused, because too many are open', limit: maxConnections });
    }
  });
}

/**
 * Keeps a server alive that has no file descriptor for a new connection; without a listener the error would end the
 * process.
 */
export function outliveFailedAccepts(server: Server): void {
  const logger = new Logger('Http');
  const isTimeToLog = atMostEvery(LOG_INTERVAL_MS);
  server.on('error', (error: NodeJS.ErrnoException) => {
    // If a server cannot listen, whoever made it listen gets that error.
    if (error.syscall !== 'accept' || !isTimeToLog(Date.now())) return;
    logger.warn({ msg: 'connections cannot be taken; raise the limit of open files', err: error });
  });
}

function newGroup(): Group {
  return { connections: new Map(), isTimeToMakeRoom: atMostEvery(ROOM_INTERVAL_MS) };
}

function makeRoom({ connections, isTimeToMakeRoom }: Group): void {
  if (!isTimeToMakeRoom(Date.now())) return;
  for (const [socket, { underWay, bytesRead }] of connections) {
    if (underWay === 0 && socket.bytesRead === bytesRead) socket.destroySoon();
  }
}

function membershipOf(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, prefix] = range.split('/') as [string, string?];
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return list.check(plain, plain.includes(':') ? 'ipv6' : 'ipv4');
  };
}

function atMostEvery(intervalMs: number): Clock {
  let lastAtMs = -Infinity;
  return (nowMs) => {
    if (nowMs - lastAtMs < intervalMs) return false;
    lastAtMs = nowMs;
    return true;
  };
}
