import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from '../stage.js';
import type { FaultCase } from './fault-case.js';

const BOTH = ['embedded', 'server'] as const;
const HELD_AT_LEAST = 5;
const BIG_BATCH = { min: 100, max: 200 };
const KILLS = { full: 3, short: 1 };

export const CALM: FaultCase = {
  name: 'calm',
  engines: BOTH,
  shortEngines: [],
  replicas: 1,
  isServing: true,
  seconds: { full: 10, short: 5 },
  run: () => Promise.resolve(),
};

export const KILL_DELIVERING: FaultCase = {
  name: 'kill-delivering',
  engines: BOTH,
  shortEngines: ['server'],
  replicas: 1,
  isServing: false,
  seconds: { full: 15, short: 5 },
  run: async (stage) => {
    const [replica] = stage.replicas as [Stage['replicas'][0]];
    await stage.passed(0.3 + 0.3 * stage.draw('kill'));
    const held = stage.receiver.next((report) => report.kind === 'held' && report.held >= HELD_AT_LEAST);
    stage.behave('/all', { delayMs: 0, failShare: 0, isHeld: true });
    await held;
    const fault = await stage.kill(replica);
    stage.behaveAsBefore('/all');
    await stage.startReplica(replica);
    fault.endedAt = Date.now();
  },
  findMiss: ({ inFlight }) => (inFlight < HELD_AT_LEAST ? 'too little was in flight at the kill' : null),
};

export const KILL_INTAKE: FaultCase = {
  name: 'kill-intake',
  engines: BOTH,
  shortEngines: ['embedded'],
  replicas: 1,
  isServing: false,
  seconds: { full: 20, short: 6 },
  traffic: { perSecond: 2, batchShare: 1 / 2, batchSize: BIG_BATCH },
  run: async (stage, { isShort }) => {
    const [replica] = stage.replicas as [Stage['replicas'][0]];
    const kills = isShort ? KILLS.short : KILLS.full;
    for (let kill = 0; kill < kills; kill++) {
      await stage.passed((kill + stage.draw('kill', kill)) / (kills + 1));
      await stage.producer.next((report) => report.kind === 'posted' && report.events >= BIG_BATCH.min);
      // Reading, matching and committing so many events takes about as long.
      await delay(10 * stage.draw('delay', kill));
      const fault = await stage.kill(replica);
      await stage.startReplica(replica);
      fault.endedAt = Date.now();
    }
  },
  findMiss: ({ unclearRequests }) => (unclearRequests === 0 ? 'no request was under way at the kills' : null),
};

export const KILL_ANSWERED: FaultCase = {
  name: 'kill-answered',
  engines: BOTH,
  shortEngines: [],
  replicas: 1,
  isServing: false,
  seconds: { full: 15, short: 5 },
  run: async (stage, { isShort }) => {
    const [replica] = stage.replicas as [Stage['replicas'][0]];
    const kills = isShort ? KILLS.short : KILLS.full;
    for (let kill = 0; kill < kills; kill++) {
      await stage.passed((kill + stage.draw('kill', kill)) / (kills + 1));
      const killed = stage.receiver.next((report) => report.kind === 'killed');
      stage.receiver.tell({ kind: 'kill-at-next-success', hook: '/all', pid: replica.pid });
      const { at } = await killed;
      const fault = await stage.noteKilled(replica, at);
      await stage.startReplica(replica);
      fault.endedAt = Date.now();
    }
  },
  findMiss: ({ duplicates }) => (duplicates === 0 ? 'every answer was recorded before the kill' : null),
};

export const SIGTERM: FaultCase = {
  name: 'sigterm',
  engines: BOTH,
  shortEngines: ['embedded'],
  replicas: 1,
  isServing: false,
  seconds: { full: 15, short: 5 },
  run: async (stage) => {
    const [replica] = stage.replicas as [Stage['replicas'][0]];
    for (const share of [0.2, 0.6]) {
      await stage.passed(share + 0.2 * stage.draw('term', share));
      await stage.during('term', async () => {
        await replica.stop();
        await stage.startReplica(replica);
      });
    }
  },
};
