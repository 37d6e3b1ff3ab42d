import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresServer } from '../../scripts/postgres-server.mjs';
import type { Engine, FaultCase, Preparation } from './cases/fault-case.js';
import { findIn, type Findings } from './checker.js';
import { Cleanup } from './cleanup.js';
import type { Evidence, Resources } from './evidence.js';
import { readLedger, type ProducerRecord, type Receipt } from './ledger.js';
import {
  countQueueRows,
  findMostOverdueMs,
  hasDeliveries,
  measureResources,
  readAttempts,
  readDeliveries,
} from './service-log.js';
import { Stage } from './stage.js';
import { openEmbeddedStore, openServerStore } from './store.js';
import type { TrafficPlan } from './traffic.js';
import { breachesOf, remainderIn } from './verdict.js';

const USUAL_TRAFFIC = { perSecond: 30, batchShare: 1 / 6, batchSize: { min: 2, max: 20 } };
const WARM_UP_SECONDS = 2;
/** The number of the first request that is not for warming up; there are fewer of those. */
const FIRST_MEASURED = 1_000;
/** How long everything may take to be delivered once the traffic and the faults are over. */
const QUIESCENCE_DEADLINE_MS = 90_000;
/** Connections of the warm-up that are kept open but not used any more end within this time. */
const IDLE_MS = 3_000;
/** Keep-alive connections and idle sessions end by themselves within this time. */
const SETTLING_DEADLINE_MS = 20_000;
const POLL_MS = 500;

export interface RunOptions {
  seed: number;
  /** Of traffic; null: what the case says. */
  seconds: number | null;
  isShort: boolean;
  main: string;
  /** Of the whole run: each case has a directory of its own in it. */
  directory: string;
  server: () => Promise<PostgresServer>;
  /** Of the whole run: what a case leaves when it is interrupted. */
  cleanup: Cleanup;
}

export interface CaseResult {
  name: string;
  engine: Engine;
  seed: number;
  /** What is wrong; empty: green. */
  breaches: string[];
  /** What a planted defect broke, as it had to. */
  planted: string[];
  findings: Findings | null;
  /** Why the case did not run. */
  notRun: string | null;
  /** Where the logs of a red case are. */
  evidence: string | null;
}

/** Runs one case from an empty database to the verdict; never throws. */
export async function runCase(faultCase: FaultCase, engine: Engine, options: RunOptions): Promise<CaseResult> {
  const directory = join(options.directory, `${faultCase.name}-${engine}`);
  mkdirSync(directory);
  const cleanup = new Cleanup();
  options.cleanup.defer(() => cleanup.run());
  const result = {
    name: faultCase.name,
    engine,
    seed: options.seed,
    planted: [],
    notRun: null,
    findings: null,
    evidence: null,
  };
  try {
    const judged = await play(faultCase, engine, options, directory, cleanup);
    if ('notRun' in judged) return { ...result, breaches: [], notRun: judged.notRun };
    return { ...result, ...judged, evidence: keepOrRemove(directory, judged.breaches) };
  } catch (error) {
    const breaches = [`the case broke off: ${error instanceof Error ? error.message : String(error)}`];
    return { ...result, breaches, evidence: directory };
  } finally {
    await cleanup.run();
  }
}

function keepOrRemove(directory: string, breaches: readonly string[]): string | null {
  if (breaches.length > 0) return directory;
  rmSync(directory, { recursive: true, force: true });
  return null;
}

type Judged = { notRun: string } | ({ findings: Findings } & Verdict);
type Verdict = Pick<CaseResult, 'breaches' | 'planted'>;

async function play(
  faultCase: FaultCase,
  engine: Engine,
  options: RunOptions,
  directory: string,
  cleanup: Cleanup,
): Promise<Judged> {
  const server = engine === 'server' ? await options.server() : null;
  const store = server ? await openServerStore(server) : await openEmbeddedStore(directory);
  const prepared: Preparation = (await faultCase.prepare?.({ directory, store, cleanup })) ?? {};
  if (prepared.notRun !== undefined) return { notRun: prepared.notRun };

  const { seed, isShort, main } = options;
  const { replicas } = faultCase;
  const stage = new Stage({
    seed,
    directory,
    store,
    replicas,
    main: prepared.main ?? main,
    env: { ...faultCase.env, ...prepared.env },
  });
  cleanup.defer(() => stage.destroy());
  await stage.start();

  const warmUp = trafficOf(faultCase, options, 0, WARM_UP_SECONDS);
  await stage.send(warmUp, () => Promise.resolve());
  await quiesce(stage);
  await delay(IDLE_MS);
  const before = await measure(stage);

  const overdue = watchLeases(stage);
  cleanup.defer(() => overdue.end());
  const seconds = options.seconds ?? faultCase.seconds[isShort ? 'short' : 'full'];
  const traffic = trafficOf(faultCase, options, FIRST_MEASURED, seconds);
  await stage.send(traffic, () => faultCase.run(stage, { server, prepared, isShort }));
  await quiesce(stage);
  const mostOverdueMs = await overdue.end();
  const resources = { before, after: await settled(stage, before) };

  const evidence = { ...(await collect(stage)), firstMeasuredRequest: FIRST_MEASURED, mostOverdueMs, resources };
  writeFileSync(join(directory, 'evidence.json'), JSON.stringify(evidence));
  const findings = findIn(evidence);
  return { findings, ...judge(faultCase, findings) };
}

function trafficOf({ traffic }: FaultCase, { seed }: RunOptions, firstRequest: number, seconds: number): TrafficPlan {
  const shape = { ...USUAL_TRAFFIC, ...traffic };
  return { seed, firstRequest, requests: Math.ceil(seconds * shape.perSecond), ...shape };
}

/** Until nothing is left to do; what is still pending at the deadline is for the checker. */
async function quiesce(stage: Stage): Promise<void> {
  const deadline = Date.now() + QUIESCENCE_DEADLINE_MS;
  while (Date.now() < deadline && (await hasDeliveries(stage.url, stage.token, 'pending'))) await delay(POLL_MS / 5);
}

function measure({ replicas, store }: Stage): Promise<Resources> {
  return measureResources(
    replicas.map(({ pid }) => pid),
    store,
  );
}

/** As soon as it is as little as before, or when there was time enough for that. */
async function settled(stage: Stage, before: Resources): Promise<Resources> {
  const deadline = Date.now() + SETTLING_DEADLINE_MS;
  for (;;) {
    const after = await measure(stage);
    if (remainderIn({ before, after }) === null || Date.now() > deadline) return after;
    await delay(POLL_MS);
  }
}

/** Looks at the leases again and again; on the embedded engine nobody can. */
function watchLeases({ store }: Stage): { end: () => Promise<number | null> } {
  if (store.engine === 'embedded') return { end: () => Promise.resolve(null) };
  let isOver = false;
  let mostMs = 0;
  const watching = (async () => {
    while (!isOver) {
      // A database that is away has no answer, and nobody can keep or take a lease there.
      mostMs = Math.max(mostMs, await findMostOverdueMs(store).catch(() => 0));
      await delay(POLL_MS);
    }
  })();
  return {
    end: async () => {
      isOver = true;
      await watching;
      return mostMs;
    },
  };
}

/** Reads the log over the API, then stops Tidings in order and reads its tables. */
async function collect(stage: Stage): Promise<Omit<Evidence, 'firstMeasuredRequest' | 'mostOverdueMs' | 'resources'>> {
  const deliveries = await readDeliveries(stage.url, stage.token);
  for (const replica of stage.replicas) await replica.stop();
  return {
    producer: readLedger<ProducerRecord>(stage.producerLedger),
    receipts: readLedger<Receipt>(stage.receiverLedger),
    hooks: stage.hooks,
    deliveries,
    attempts: await readAttempts(stage.store),
    faults: stage.faults,
    queueRows: await countQueueRows(stage.store),
  };
}

function judge({ isServing, findMiss, mustBreak }: FaultCase, findings: Findings): Verdict {
  const breaches = breachesOf(findings, { isServing });
  const miss = findMiss?.(findings) ?? null;
  const missed = miss === null ? [] : [`the fault missed: ${miss}`];
  if (mustBreak === undefined) return { breaches: [...breaches, ...missed], planted: [] };
  const planted = breaches.filter((breach) => breach.startsWith(`${mustBreak}:`));
  const unfound = planted.length === 0 ? [`the planted defect was not found: ${mustBreak} holds`] : [];
  return { breaches: [...unfound, ...missed], planted };
}
