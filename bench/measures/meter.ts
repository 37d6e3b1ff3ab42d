import { cpus } from 'node:os';
import type pg from 'pg';
import type { Installation } from '../service/installation.js';
import { walBytes } from './database-figures.js';
import { monotonicMs } from './clock.js';
import {
  cpuMicrosOf,
  cpuMicrosOfFamily,
  cpuMicrosOfMachine,
  familyOf,
  forgetPeakMemory,
  peakMemoryMbOf,
} from './processes.js';

/** Used between two moments. Null: it cannot be measured here. */
export interface Usage {
  /** Of all replicas; on the embedded engine with PostgreSQL. */
  tidingsCpuMicros: number | null;
  /** Of all processes of a server on this machine. */
  postgresCpuMicros: number | null;
  receiverCpuMicros: number | null;
  loadCpuMicros: number | null;
  walBytes: number;
  /** The part of the machine's processor time that all others used; 0 to 1. */
  othersCpuShare: number | null;
  /** Of the largest replica with its workers, in MB (10^6 bytes). */
  peakMemoryMb: number | null;
}

interface Reading {
  tidings: (number | null)[];
  postgres: number | null;
  receiver: number | null;
  load: number | null;
  /** Of the process that runs the scenario. */
  own: number | null;
  machine: number | null;
  wal: number;
  atMs: number;
}

export class Meter {
  private constructor(
    private readonly client: pg.Client,
    private readonly installation: Installation,
    private readonly helpers: { receiver: number; load: number },
    private before: Reading,
  ) {}

  /** @param helpers the pids of receiver and load generator. */
  static async start(
    client: pg.Client,
    installation: Installation,
    helpers: { receiver: number; load: number },
  ): Promise<Meter> {
    for (const pid of installation.replicas.flatMap((replica) => familyOf(replica.pid))) forgetPeakMemory(pid);
    return new Meter(client, installation, helpers, await read(client, installation, helpers));
  }

  async stop(): Promise<Usage> {
    const { before } = this;
    const after = await read(this.client, this.installation, this.helpers);
    const tidings = sum(after.tidings.map((micros, index) => difference(micros, before.tidings[index] ?? null)));
    const postgres = difference(after.postgres, before.postgres);
    const receiver = difference(after.receiver, before.receiver);
    const load = difference(after.load, before.load);
    const known = sum([tidings, postgres ?? 0, receiver, load, difference(after.own, before.own)]);
    const others = difference(difference(after.machine, before.machine), known);
    const availableMicros = (after.atMs - before.atMs) * 1000 * cpus().length;
    return {
      tidingsCpuMicros: tidings,
      postgresCpuMicros: postgres,
      receiverCpuMicros: receiver,
      loadCpuMicros: load,
      walBytes: after.wal - before.wal,
      othersCpuShare: others && Math.max(0, others / availableMicros),
      peakMemoryMb: largest(this.installation.replicas.map(({ pid }) => sum(familyOf(pid).map(peakMemoryMbOf)))),
    };
  }
}

async function read(
  client: pg.Client,
  installation: Installation,
  helpers: { receiver: number; load: number },
): Promise<Reading> {
  return {
    tidings: installation.replicas.map(({ pid }) => cpuMicrosOfFamily(pid)),
    postgres: installation.storage.cpuMicros(),
    receiver: cpuMicrosOf(helpers.receiver),
    // With a generator that it started.
    load: cpuMicrosOfFamily(helpers.load),
    own: cpuMicrosOf(process.pid),
    machine: cpuMicrosOfMachine(),
    wal: await walBytes(client),
    atMs: monotonicMs(),
  };
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

function sum(values: (number | null)[]): number | null {
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
}

function largest(values: (number | null)[]): number | null {
  return values.reduce((most, value) => (value === null ? most : Math.max(most ?? 0, value)), null);
}
