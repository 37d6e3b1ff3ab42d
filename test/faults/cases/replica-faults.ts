import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from '../stage.js';
import { buildUnfenced } from '../unfenced-build.js';
import type { FaultCase } from './fault-case.js';

/** Long enough to be taken for dead and have its leases taken away (10 s without a heartbeat, then up to 2 s). */
const DEAD_MS = 15_000;
/** Longer than a lease: ATTEMPT_TIMEOUT_MS of 5 s and the 30 s for recording. */
const PAST_LEASE_MS = 38_000;
/** How long `/slow` fails before the stop, so that the process which is stopped holds some of its retries. */
const FAILING_MS = 6_000;
/** How long before the end of the stop `/slow` begins to succeed, slowly: another replica is at it when the stop ends. */
const HEALED_MS = 1_500;
const SLOW_SUCCESS_MS = 4_000;
const AFTERMATH_MS = 4_000;

const FAILING = { delayMs: 1_500, failShare: 1, isHeld: false };
const SUCCEEDING = { delayMs: SLOW_SUCCESS_MS, failShare: 0, isHeld: false };

/**
 * A replica stands still in the middle of attempts that failed, and goes on while another one makes the next attempt of
 * the same deliveries. What it records then must change nothing.
 */
async function freezeOne(stage: Stage, stopMs: number): Promise<void> {
  const [replica] = stage.replicas as [Stage['replicas'][0]];
  await stage.passed(0.1);
  stage.behave('/slow', FAILING);
  await delay(FAILING_MS + 1000 * stage.draw('stop'));
  const fault = await stage.freeze(replica);
  await delay(stopMs - HEALED_MS);
  stage.behave('/slow', SUCCEEDING);
  await delay(HEALED_MS);
  replica.signal('SIGCONT');
  await delay(AFTERMATH_MS);
  stage.behaveAsBefore('/slow');
  fault.endedAt = Date.now();
}

const FREEZE = {
  engines: ['server'],
  replicas: 2,
  // Few, so that `/slow` can take all of its retries at once.
  traffic: { perSecond: 8 },
  findMiss: ({ inFlight }) => (inFlight === 0 ? 'nothing was in flight at the stop' : null),
} as const satisfies Partial<FaultCase>;

export const STOP: FaultCase = {
  ...FREEZE,
  name: 'sigstop',
  shortEngines: [],
  isServing: true,
  seconds: { full: 55, short: 28 },
  run: (stage, { isShort }) => freezeOne(stage, isShort ? DEAD_MS : PAST_LEASE_MS),
};

export const NO_FENCE: FaultCase = {
  ...FREEZE,
  name: 'no-fence',
  shortEngines: ['server'],
  isServing: false,
  seconds: { full: 28, short: 28 },
  prepare: ({ directory }) => Promise.resolve({ main: buildUnfenced(directory) }),
  run: (stage) => freezeOne(stage, DEAD_MS),
  mustBreak: 'I4',
};

export const REPLICAS: FaultCase = {
  name: 'replicas',
  engines: ['server'],
  shortEngines: [],
  replicas: 3,
  isServing: true,
  seconds: { full: 60, short: 15 },
  run: async (stage) => {
    const endsAt = Date.now() + stage.trafficMs * 0.9;
    for (let kill = 0; Date.now() < endsAt; kill++) {
      await delay(1_000 + 3_000 * stage.draw('pause', kill));
      const replica = stage.replicas[Math.floor(stage.draw('target', kill) * stage.replicas.length)]!;
      const fault = await stage.kill(replica);
      await delay(500);
      await stage.startReplica(replica);
      fault.endedAt = Date.now();
    }
  },
  findMiss: ({ inFlight }) => (inFlight === 0 ? 'nothing was in flight at the kills' : null),
};
