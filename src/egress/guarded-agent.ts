import type { Readable } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { buildConnector } from 'undici';
import { GUARDED_CONNECTOR } from './guarded-connector.js';
import { OriginPools } from './origin-pools.js';

export interface GuardedRequest {
  method: 'POST';
  headers: Readonly<Record<string, string>>;
  body: Buffer | string;
  /** The deadline of the whole exchange, the reading of the body included. There is no other. */
  signal: AbortSignal;
}

export interface GuardedResponse {
  status: number;
  /** Names in lower case; the values of a repeated header joined by a comma. */
  headers: Record<string, string>;
  /** As it came: not decoded, not limited. Read it with `readBodyPrefix`, or destroy it. */
  body: Readable;
}

/**
 * Makes the requests to receivers. Follows no redirect, decodes no encoding, keeps no cookie, and opens sockets through
 * the guarded connector alone.
 */
@Injectable()
export class GuardedAgent implements OnApplicationShutdown {
  private readonly pools: OriginPools;

  constructor(@Inject(GUARDED_CONNECTOR) connect: buildConnector.connector) {
    this.pools = new OriginPools(connect);
  }

  /** Resolves with the final status line and headers. What it rejects with is for `classifyFailure`. */
  async request(url: URL, { method, headers, body, signal }: GuardedRequest): Promise<GuardedResponse> {
    signal.throwIfAborted();
    const path = `${url.pathname}${url.search}`;
    const answer = this.pools.of(url.origin).request({ method, path, headers, body, signal });
    const { statusCode, headers: received, body: content } = await unlessAborted(answer, signal);
    // Without a listener, an error after the last read would end the process.
    content.on('error', () => undefined);
    return { status: statusCode, headers: flatten(received), body: content };
  }

  /** Closes every socket; requests in flight fail as `reset`. Later requests open new ones. */
  close(): Promise<void> {
    return this.pools.destroy();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }
}

/** undici looks at the signal only once a connection is open: a name server or a host that hangs would hold us up. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value = '']) => [name, [value].flat().join(', ')]);
  return Object.fromEntries(entries) as Record<string, string>;
}
