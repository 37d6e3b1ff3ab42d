import { request } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a process did between `begin` and `end`. */
export interface Reading {
  /** What the main thread computed in the longest turn of its event loop: nobody else was served meanwhile. */
  blockMs: number;
  /** What it computed in all. */
  computedMs: number;
  /** Used and external memory of the heap at the beginning, after a collection. */
  heapBytes: number;
  /** The most that the heap grew by, garbage included. */
  heapGrowthBytes: number;
  /** The most that the resident memory of the whole process grew by. */
  residentGrowthBytes: number;
}

/** The command line that lets a process be measured. */
export const METERED = ['--import', pathToFileURL(resolve(import.meta.dirname, 'metered-process.mjs')).href];

/** Asks a metered process (metered-process.mjs) on its socket. */
export class ProcessMeter {
  /** @param socketPath What METER_SOCKET is in the environment of the process. */
  constructor(private readonly socketPath: string) {}

  async begin(): Promise<void> {
    await this.ask('/begin');
  }

  async end(): Promise<Reading> {
    return JSON.parse(await this.ask('/end')) as Reading;
  }

  private ask(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const exchange = request({ socketPath: this.socketPath, path, method: 'POST', agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject).on('end', () => resolve(text));
      });
      exchange.on('error', reject).end();
    });
  }
}
