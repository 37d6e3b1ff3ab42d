import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { monotonicMs } from '../measures/clock.js';
import type { EventLoad } from './event-load.js';
import type { LoadReport } from './load-run.js';
import { fillerOf } from './payload.js';

const SCRIPT = new URL('./wrk-publish.lua', import.meta.url).pathname;
/** Beyond this wrk counts an answer as missing; its default of 2 s is shorter than a pause may be. */
const TIMEOUT = '30s';

/** What the script prints. */
interface WrkReport {
  /** That were answered. */
  requests: number;
  durationMicros: number;
  /** Of 400 and more. */
  errorStatuses: number;
  brokenConnections: number;
  timeouts: number;
  /** Of answers, in microseconds. */
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

export function isWrkInstalled(): boolean {
  return spawnSync('wrk', ['--version']).error === undefined;
}

/**
 * Single events on a number of connections, each of which waits for its answer. What is under way at the end is not waited
 * for: the service may have accepted that, too.
 */
export async function publishByWrk({ ports, streams, arrivals, seconds }: EventLoad): Promise<LoadReport> {
  if (arrivals.kind !== 'closed') throw new Error('wrk waits for answers');
  const script = [streams[0]!.token, fillerOf(), ...streams.map(({ eventType }) => eventType)];
  const { stdout } = await promisify(execFile)('wrk', [
    '--threads=1',
    `--connections=${arrivals.connections}`,
    `--duration=${seconds}s`,
    `--timeout=${TIMEOUT}`,
    `--script=${SCRIPT}`,
    `http://127.0.0.1:${ports[0]!}`,
    '--',
    ...script,
  ]);
  const endedAtMs = monotonicMs();
  const report = JSON.parse(/^JSON (.*)$/m.exec(stdout)![1]!) as WrkReport;
  const { requests, errorStatuses, brokenConnections, timeouts } = report;
  const accepted = requests - errorStatuses;
  const errors = errorStatuses + brokenConnections + timeouts;
  return {
    requests,
    acceptedRequests: accepted,
    acceptedEvents: accepted,
    owedDeliveries: accepted,
    firstSentAtMs: endedAtMs - report.durationMicros / 1_000,
    lastAnsweredAtMs: endedAtMs,
    answerMs: {
      count: requests,
      p50: report.p50 / 1_000,
      p95: report.p95 / 1_000,
      p99: report.p99 / 1_000,
      max: report.max / 1_000,
    },
    firstRefusal:
      errors === 0 ? null : `${brokenConnections} broken connections and ${timeouts} timeouts beside, wrk says`,
  };
}
