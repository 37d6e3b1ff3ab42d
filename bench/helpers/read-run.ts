import { monotonicMs } from '../measures/clock.js';
import { type Distribution, Samples } from '../measures/samples.js';
import { HttpConnection } from './http-connection.js';

export interface Reading {
  port: number;
  token: string;
  /** Asked in turn. */
  paths: readonly string[];
  requests: number;
}

/** Each path is read this often before the measurement, so that plans are made and data is in memory. */
const WARM_UPS = 2;

/**
 * Sends GETs on one connection, one after the other.
 *
 * @returns milliseconds from sending to the complete answer.
 * @throws when an answer is no 200.
 */
export async function readInTurn({ port, token, paths, requests }: Reading): Promise<Distribution> {
  let fail: (error: Error) => void;
  const failure = new Promise<never>((_, reject) => (fail = reject));
  const connection = await HttpConnection.open(port, (error) => fail(error));
  const samples = new Samples();
  const read = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      connection.send(
        `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`,
        (status, body) => {
          if (status === 200) resolve();
          else reject(new Error(`GET ${path} answered ${status}: ${body}`));
        },
      );
    });
  const readAll = async (): Promise<void> => {
    for (let round = 0; round < WARM_UPS; round += 1) for (const path of paths) await read(path);
    for (let request = 0; request < requests; request += 1) {
      const startedAtMs = monotonicMs();
      await read(paths[request % paths.length]!);
      samples.add(monotonicMs() - startedAtMs);
    }
  };
  try {
    await Promise.race([readAll(), failure]);
    return samples.distribution;
  } finally {
    connection.close();
  }
}
