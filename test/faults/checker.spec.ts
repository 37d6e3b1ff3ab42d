import { findIn } from './checker.js';
import type { Evidence, Fault } from './evidence.js';
import type { Outcome } from './ledger.js';
import { planRequest } from './traffic.js';
import { repeatedBy, soundEvidence } from './sound-evidence.js';
import { breachesOf } from './verdict.js';

const REQUESTS = 1000;

/** The breaches of a run that was sound until one thing was changed. */
function breachesAfter(change: (evidence: Evidence) => void, isServing = false): string[] {
  const evidence = soundEvidence(REQUESTS);
  change(evidence);
  return breachesOf(findIn(evidence), { isServing });
}

/** A receipt in the middle of the run, with what belongs to it. */
function someReceipt(evidence: Evidence) {
  const at = Math.floor(evidence.receipts.length / 2);
  return {
    at,
    receipt: evidence.receipts[at]!,
    attempt: evidence.attempts[at]!,
    delivery: evidence.deliveries[at]!,
  };
}

function killOf(evidence: Evidence, process: string): Fault {
  const { receipt, delivery } = someReceipt(evidence);
  return { kind: 'kill', at: receipt.at, endedAt: receipt.at + 500, process, inFlight: [delivery.id] };
}

/** The delivery is attempted a second time, by another process, and answered 2xx again. */
function repeat(evidence: Evidence): void {
  const again = repeatedBy('x-replica-2-1', someReceipt(evidence));
  evidence.receipts.push(again.receipt);
  evidence.attempts.push(again.attempt);
}

function outcomeAt(evidence: Evidence, request: number): Outcome {
  return evidence.producer.find((entry) => entry.kind === 'outcome' && entry.request === request) as Outcome;
}

describe('the ledger', () => {
  it('finds nothing wrong where nothing is', () => {
    const findings = findIn(soundEvidence(REQUESTS));
    expect(findings).toMatchObject({ lost: 0, duplicates: 0, unloggedReceipts: 0, p95BeforeMs: 2, recoveryMs: null });
    expect(findings.acknowledged).toBe(findings.events);
    expect(findings.events).toBeGreaterThan(REQUESTS);
    expect(breachesOf(findings, { isServing: true })).toEqual([]);
  });

  it('turns red when one receipt in a thousand is dropped', () => {
    const breaches = breachesAfter((evidence) => {
      evidence.receipts = evidence.receipts.filter((_, index) => index % 1000 !== 500);
    });
    expect(breaches).toEqual(
      expect.arrayContaining([expect.stringMatching(/^I1: \d deliveries lost/), expect.stringMatching(/^I2:/)]),
    );
  });

  it('takes a delivery that was given up with a reason for accounted for, and none without', () => {
    const giveUp = (evidence: Evidence, error: string | null): void => {
      const { at, attempt, delivery } = someReceipt(evidence);
      evidence.receipts.splice(at, 1);
      evidence.deliveries[at] = { ...delivery, status: 'failed' };
      evidence.attempts[at] = { ...attempt, error, status: null };
    };
    expect(breachesAfter((evidence) => giveUp(evidence, 'timeout'))).toEqual([]);
    expect(breachesAfter((evidence) => giveUp(evidence, null))).toEqual(['I1: 1 deliveries lost']);
  });

  it.each<[invariant: string, planted: string, change: (evidence: Evidence) => void]>([
    ['I1', 'a delivery that waits for ever', (e) => (someReceipt(e).delivery.status = 'pending')],
    ['I1', 'a valid request that was refused', (e) => (outcomeAt(e, 5).result = 'refused')],
    [
      'I2',
      'a receipt of an event that nobody intended',
      (e) => (e.producer = e.producer.filter(({ request }) => request !== 5)),
    ],
    [
      'I2',
      'two events of one intent',
      (e) => {
        const { receipt } = someReceipt(e);
        e.receipts.push({ ...receipt, body: receipt.body.replace('"id":"event', '"id":"other') });
      },
    ],
    [
      'I2',
      'an event at a webhook that is not subscribed to its type',
      (e) => (e.hooks = e.hooks.map((hook) => ({ ...hook, eventTypes: ['record:updated'] }))),
    ],
    ['I2', 'an attempt with an answer that nobody gave', (e) => e.attempts.push({ ...e.attempts[0]!, number: 2 })],
    ['I3', 'a wrong secret', (e) => (e.hooks[0]!.secret = 'another')],
    ['I3', 'a body signature under no name', (e) => delete someReceipt(e).receipt.headers['x-replica-1-1']],
    [
      'I3',
      'a number that was parsed and written again',
      (e) => {
        const { receipt } = someReceipt(e);
        receipt.body = receipt.body.replace('9007199254740993', '9007199254740992');
      },
    ],
    ['I3', 'bytes that are not the text', (e) => (someReceipt(e).receipt.bodySha256 = '00')],
    ['I4', 'a duplicate without a fault', repeat],
    [
      'I4',
      'a duplicate of what the killed process did not hold',
      (e) => {
        repeat(e);
        e.faults.push({ ...killOf(e, 'x-replica-1-1'), inFlight: ['delivery-of-another'] });
      },
    ],
    [
      'I4',
      'a duplicate of what the killed process held and had not sent',
      (e) => {
        repeat(e);
        e.faults.push(killOf(e, 'x-replica-3-1'));
      },
    ],
    [
      'I4',
      'two duplicates where the killed process explains one',
      (e) => {
        repeat(e);
        repeat(e);
        e.faults.push(killOf(e, 'x-replica-1-1'));
      },
    ],
    ['I5', 'a receipt without an attempt', (e) => e.attempts.splice(someReceipt(e).at, 1)],
    [
      'I5',
      'a receipt without an attempt of a process that was only stopped',
      (e) => {
        e.attempts.splice(someReceipt(e).at, 1);
        e.faults.push({ ...killOf(e, 'x-replica-1-1'), kind: 'stop' });
      },
    ],
    ['I6', 'a row that stays in the queue', (e) => (e.queueRows = 1)],
    ['I6', 'a lease that outlives its end', (e) => (e.mostOverdueMs = 6_000)],
    ['I10', 'memory that stays taken', (e) => (e.resources!.after = { ...e.resources!.before, memoryBytes: 3e8 })],
    ['I10', 'sockets that stay open', (e) => (e.resources!.after = { ...e.resources!.before, sockets: 40 })],
    ['I10', 'sessions that stay open', (e) => (e.resources!.after = { ...e.resources!.before, databaseSessions: 20 })],
  ])('finds %s broken by %s', (invariant, _, change) => {
    expect(breachesAfter(change)).toContainEqual(expect.stringMatching(new RegExp(`^${invariant}: `)));
  });

  it('allows a duplicate of what a killed process held and had been answered', () => {
    expect(
      breachesAfter((evidence) => {
        repeat(evidence);
        evidence.attempts.splice(someReceipt(evidence).at, 1);
        evidence.faults.push(killOf(evidence, 'x-replica-1-1'));
      }),
    ).toEqual([]);
  });

  it('holds the latency of healthy webhooks against the time before the fault, where somebody serves', () => {
    const slowDown = (evidence: Evidence): void => {
      const from = someReceipt(evidence).receipt.at;
      evidence.faults.push({ kind: 'database', at: from, endedAt: Infinity, process: null, inFlight: [] });
      for (const receipt of evidence.receipts) if (receipt.at > from) receipt.at += 300;
    };
    expect(breachesAfter(slowDown, true)).toEqual(['I7: p95 of healthy webhooks 302 ms, limit 250 ms']);
    expect(breachesAfter(slowDown, false)).toEqual([]);
  });

  it('reports how long it took until everything accepted before the fault was received', () => {
    const evidence = soundEvidence(REQUESTS);
    const { receipt } = someReceipt(evidence);
    evidence.faults.push({ kind: 'database', at: receipt.at, endedAt: receipt.at, process: null, inFlight: [] });
    evidence.receipts[Math.floor(evidence.receipts.length / 4)]!.at = receipt.at + 7_000;
    expect(findIn(evidence).recoveryMs).toBe(7_000);
  });
});

describe('a plan of traffic', () => {
  it('is the same for the same seed and another for another', () => {
    const plan = (seed: number) =>
      Array.from({ length: 50 }, (_, number) =>
        planRequest({ seed, batchShare: 1 / 6, batchSize: { min: 2, max: 9 } }, number),
      );
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
    expect(plan(1).some(({ isBatch }) => isBatch)).toBe(true);
    expect(new Set(plan(1).map(({ key }) => key === null)).size).toBe(2);
  });
});
