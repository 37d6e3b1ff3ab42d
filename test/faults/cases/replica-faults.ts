import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/wait.js';
import type { Stage } from '../stage.js';
import { buildUnfenced } from '../unfenced-build.js';
import type { FaultCase } from './fault-case.js';

/** Long enough to be taken for dead and have its leases taken away (10 s without a heartbeat, then up to 2 s). */
const DEAD_MS = 14_000;
/** Longer than a lease: ATTEMPT_TIMEOUT_MS of 5 s and the 30 s for recording. */
const PAST_LEASE_MS = 38_000;
/** Deliveries to `/slow` that the process must be at when it is stopped, and how long it may take until it is. */
const HELD_AT_LEAST = 5;
const HOLDING_DEADLINE_MS = 20_000;
/** How long before the end of the stop `/slow` begins to succeed, slowly: another replica is at it when the stop ends. */
const HEALED_MS = 1_500;
const SLOW_SUCCESS_MS = 4_000;
const AFTERMATH_MS = 3_000;

const FAILING = { delayMs: 1_500, failShare: 1, isHeld: false };
const SUCCEEDING = { delayMs: SLOW_SUCCESS_MS, failShare: 0, isHeld: false };

/**
 * A replica stands still in the middle of attempts that failed, and goes on while another one makes the next attempt of
 * the same deliveries. What it records then must change nothing.
 */
async function freezeOne(stage: Stage, stopMs: number): Promise<void> {
  const [replica] = stage.replicas as [Stage['replicas'][0]];
  await delay(1_000 + 1_000 * stage.draw('stop'));
  stage.behave('/slow', FAILING);
  await until(
    'the replica to be at enough of what fails',
    async () => (await stage.readLeases(replica, '/slow')).length >= HELD_AT_LEAST,
    HOLDING_DEADLINE_MS,
  );
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
  findMiss: ({ inFlight }) => (inFlight < HELD_AT_LEAST ? 'too little was in flight at the stop' : null),
} as const satisfies Partial<FaultCase>;

export const STOP: FaultCase = {
  ...FREEZE,
  name: 'sigstop',
  shortEngines: [],
  isServing: true,
  seconds: { full: 50, short: 23 },
  run: (stage, { isShort }) => freezeOne(stage, isShort ? DEAD_MS : PAST_LEASE_MS),
};

export const NO_FENCE: FaultCase = {
  ...FREEZE,
  name: 'no-fence',
  shortEngines: ['server'],
  isServing: false,
  seconds: { full: 23, short: 23 },
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
