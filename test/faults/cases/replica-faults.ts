import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/wait.js';
import type { Stage } from '../stage.js';
import type { Tidings } from '../tidings.js';
import { buildUnfenced } from '../unfenced-build.js';
import type { FaultCase } from './fault-case.js';

/** Long enough to be taken for dead and have its leases taken away (10 s without a heartbeat, then up to 2 s). */
const DEAD_MS = 14_000;
/** Longer than every wait below together: no attempt may time out that its receiver means to answer. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** Longer than a lease, which has 30 s for recording on top of the attempt. */
const PAST_LEASE_MS = ATTEMPT_TIMEOUT_MS + 33_000;
/** Deliveries to `/slow` that the process must be at when it is stopped, and the other one when it goes on. */
const HELD_AT_LEAST = 5;
const TAKEN_AT_LEAST = 3;
const HOLDING_DEADLINE_MS = 20_000;
const TAKING_DEADLINE_MS = 4_000;
/** Until attempts that were to fail have failed, and their retries (RETRY_SCHEDULE of 500 ms) have begun. */
const HEALING_MS = 2_500;
/** Until what the process records when it goes on would have led to another attempt. */
const AFTERMATH_MS = 2_500;

const FAILING = { delayMs: 1_500, failShare: 1, isHeld: false };
const HELD = { delayMs: 0, failShare: 0, isHeld: true };

/**
 * A replica stands still in the middle of attempts that failed, and goes on while another one makes the next attempt of
 * the same deliveries. What it records then must change nothing.
 */
async function freezeOne(stage: Stage, stopMs: number): Promise<void> {
  const [replica, other] = stage.replicas as [Tidings, Tidings];
  await delay(1_000 + 1_000 * stage.draw('stop'));
  stage.behave('/slow', FAILING);
  await until(
    'the replica to be at enough of what fails',
    async () => (await stage.readLeases(replica, '/slow')).length >= HELD_AT_LEAST,
    HOLDING_DEADLINE_MS,
  );
  const fault = await stage.freeze(replica);
  await delay(stopMs - HEALING_MS);
  stage.behave('/slow', HELD);
  await delay(HEALING_MS);
  await until(
    'the other replica to be at what this one had',
    async () => {
      const taken = await stage.readLeases(other, '/slow');
      return taken.filter((id) => fault.inFlight.includes(id)).length >= TAKEN_AT_LEAST;
    },
    TAKING_DEADLINE_MS,
  );
  replica.signal('SIGCONT');
  await delay(AFTERMATH_MS);
  stage.behaveAsBefore('/slow');
  fault.endedAt = Date.now();
}

const FREEZE = {
  engines: ['server'],
  replicas: 2,
  // `/slow` can take all of its retries at once: with 64 it was chance whose were among them when it held them.
  env: { ATTEMPT_TIMEOUT_MS: String(ATTEMPT_TIMEOUT_MS), IN_FLIGHT_PER_WEBHOOK: '512' },
  traffic: { perSecond: 8 },
  findMiss: ({ inFlight }) => (inFlight < HELD_AT_LEAST ? 'too little was in flight at the stop' : null),
} as const satisfies Partial<FaultCase>;

export const STOP: FaultCase = {
  ...FREEZE,
  name: 'sigstop',
  shortEngines: [],
  isServing: true,
  seconds: { full: 55, short: 20 },
  run: (stage, { isShort }) => freezeOne(stage, isShort ? DEAD_MS : PAST_LEASE_MS),
};

export const NO_FENCE: FaultCase = {
  ...FREEZE,
  name: 'no-fence',
  shortEngines: ['server'],
  isServing: false,
  seconds: { full: 20, short: 20 },
  prepare: ({ directory }) => Promise.resolve({ main: buildUnfenced(directory) }),
  run: (stage) => freezeOne(stage, DEAD_MS),
  mustBreak: 'I4',
};

const KILLING = {
  shortEngines: [],
  run: async (stage: Stage) => {
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
} satisfies Partial<FaultCase>;

export const REPLICAS: FaultCase = {
  ...KILLING,
  name: 'replicas',
  engines: ['server'],
  replicas: 3,
  isServing: true,
  seconds: { full: 60, short: 15 },
};

export const ALONE: FaultCase = {
  ...KILLING,
  name: 'alone',
  engines: ['embedded', 'server'],
  replicas: 1,
  isServing: false,
  seconds: { full: 30, short: 15 },
};
