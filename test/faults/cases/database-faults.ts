import { setTimeout as delay } from 'node:timers/promises';
import { findPgBouncer, PgBouncer } from '../pgbouncer.js';
import type { Stage } from '../stage.js';
import type { Circumstances, FaultCase } from './fault-case.js';

const BETWEEN_TERMINATIONS_MS = 2_000;
const SERVER_ONLY = { engines: ['server'], replicas: 1 } as const;

/** The server's processes die, and with them every connection; a moment later it is back. */
async function crashServer(stage: Stage, { server }: Circumstances, victims: 'postmaster' | 'all'): Promise<void> {
  await stage.passed(0.3 + 0.3 * stage.draw('crash'));
  await stage.during('database', async () => {
    await server!.kill(victims);
    await delay(500);
    await server!.restart();
  });
}

export const POSTGRES_KILL: FaultCase = {
  ...SERVER_ONLY,
  name: 'postgres-kill',
  shortEngines: ['server'],
  isServing: false,
  seconds: { full: 15, short: 5 },
  run: (stage, circumstances) => crashServer(stage, circumstances, 'postmaster'),
};

export const POSTGRES_KILL_ALL: FaultCase = {
  ...SERVER_ONLY,
  name: 'postgres-kill-all',
  shortEngines: [],
  isServing: false,
  seconds: { full: 15, short: 5 },
  run: (stage, circumstances) => crashServer(stage, circumstances, 'all'),
};

export const TERMINATE_SESSIONS: FaultCase = {
  ...SERVER_ONLY,
  name: 'terminate-sessions',
  shortEngines: ['server'],
  isServing: false,
  seconds: { full: 30, short: 7 },
  run: async (stage) => {
    const endsAt = Date.now() + stage.trafficMs * 0.9;
    await stage.passed(0.2);
    while (Date.now() < endsAt) {
      await stage.during('database', () => terminateSessions(stage));
      await delay(BETWEEN_TERMINATIONS_MS);
    }
  },
};

async function terminateSessions({ store }: Stage): Promise<void> {
  await store.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
}

export const PGBOUNCER: FaultCase = {
  ...SERVER_ONLY,
  name: 'pgbouncer',
  shortEngines: [],
  isServing: false,
  seconds: { full: 15, short: 5 },
  prepare: async ({ store, cleanup }) => {
    const program = findPgBouncer();
    if (program === null) return { notRun: 'pgbouncer is not installed' };
    const pgBouncer = await PgBouncer.prepare(program, store.env['DATABASE_URL']!);
    cleanup.defer(() => pgBouncer.stop());
    await pgBouncer.start();
    return { env: { DATABASE_URL: pgBouncer.url }, pgBouncer };
  },
  run: async (stage, { prepared }) => {
    await stage.passed(0.3 + 0.3 * stage.draw('crash'));
    await stage.during('database', async () => {
      await prepared.pgBouncer!.kill();
      await delay(500);
      await prepared.pgBouncer!.start();
    });
  },
};
