import { Module } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { availableParallelism } from 'node:os';
import type { DataSource } from 'typeorm';
import { Config } from '../config/config.js';
import { partOf } from '../config/worker-share.js';
import { ACCESS, INTAKE, PIPELINE, shareConnections } from '../database/data-sources.js';
import { poolUsageOf } from '../database/pool-usage.js';
import { Metrics } from '../metrics/metrics.js';
import { PageReader } from './page-reader.js';
import { ReadTurns } from './read-turns.js';

/** Eight of the longest pages at once, and twice as many for all tokens of an environment. */
const ROWS_PER_TOKEN = 8_000;
const ROWS_PER_ENVIRONMENT = 16_000;

/** Callers must get an answer within 2 s. A turn comes in some milliseconds, or half a second on a busy machine. */
const WAIT_MS = 1_000;
const ANSWER_MS = 1_800;

/**
 * On the embedded engine everything waits while a step runs, and an event needs several statements: without a rest each
 * waited for a step. If nobody else uses a connection, there is no rest. On a server in trouble connections are always
 * in use, and rests refused reads that could be served.
 */
const REST_SHARE = { server: 0, embedded: 1 };

const MOST_STEPS = 4;

/**
 * Half of the cores, so that publishing and sending have the others: the database is usually on the same machine. On
 * two cores another environment's slowest answers took 40 to 80 ms with two steps at once, and 10 to 30 ms with one.
 * Two connections stay free for other requests; the embedded engine has one session.
 */
function stepsAtOnce(config: Config): number {
  const { databaseUrl, databasePoolSize } = config;
  if (databaseUrl === null) return 1;
  const mostSteps = partOf(Math.min(MOST_STEPS, Math.floor(availableParallelism() / 2)), config);
  return Math.max(1, Math.min(mostSteps, shareConnections(databasePoolSize).requests - 2));
}

@Module({
  providers: [
    {
      provide: ReadTurns,
      inject: [Config, Metrics, ...[PIPELINE, INTAKE, ACCESS].map((name) => getDataSourceToken(name))],
      useFactory: (config: Config, metrics: Metrics, ...others: DataSource[]): ReadTurns => {
        const engine = config.databaseUrl === null ? 'embedded' : 'server';
        const turns = new ReadTurns({
          stepsAtOnce: stepsAtOnce(config),
          rowsPerToken: partOf(ROWS_PER_TOKEN, config),
          rowsPerEnvironment: partOf(ROWS_PER_ENVIRONMENT, config),
          waitMs: WAIT_MS,
          answerMs: ANSWER_MS,
          restShare: REST_SHARE[engine],
          isWantedByOthers: () =>
            others.some((dataSource) => dataSource.isInitialized && poolUsageOf(dataSource).busy > 0),
        });
        metrics.gauge('readsWaiting', {}, () => turns.stepsWaiting);
        return turns;
      },
    },
    PageReader,
  ],
  exports: [PageReader, ReadTurns],
})
export class ReadsModule {}
