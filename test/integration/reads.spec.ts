import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { ClientGoneError } from '../../src/http/client-gone-error.js';
import type { RecoverDto } from '../../src/recovery/dto/recover.dto.js';
import { RecoveriesService } from '../../src/recovery/recoveries.service.js';
import type { RecoveryWorker } from '../../src/recovery/recovery-worker.js';
import { PendingCounts } from '../../src/deliveries/pending-counts.js';
import { ReadTurns } from '../../src/reads/read-turns.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';
import { IDLE_LIMITS, idleTurns, soloReader } from '../support/reads.js';
import { until } from '../support/wait.js';
import { recordStatements } from '../support/statements.js';

jest.setTimeout(120_000);

/** By one statement, which a slow machine ends in time. */
const INSERTED = 5_000;

let test: TestDatabase;
let database: DataSource;
let environmentId: string;
let webhookId: string;

beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
});
afterAll(() => test.close());
beforeEach(async () => {
  environmentId = await makeEnvironment(database);
  webhookId = await makeWebhook(database, environmentId);
});

const owe = async (count: number): Promise<void> => {
  for (let rest = count; rest > 0; rest -= INSERTED) {
    await database.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
       SELECT uuid_v7(now()), $1, $2, gen_random_uuid(), 'record:created', now(), now() FROM generate_series(1, $3::int)`,
      [environmentId, webhookId, Math.min(rest, INSERTED)],
    );
  }
};
const countsIn = (statements: string[]): number =>
  statements.filter((statement) => statement.includes('count_pending_of_')).length;

describe('the number of pending deliveries', () => {
  it('is exact where one statement counts them, whoever else asks at the same time', async () => {
    const counts = new PendingCounts(database, idleTurns());
    const ask = (): Promise<unknown> => counts.of(environmentId, 'environment', environmentId);
    expect(await ask()).toEqual({ pending: 0, isEstimate: false });
    await owe(3);
    const earlier = ask();
    await owe(2);
    // Neither what runs nor what was counted before: whoever asks sees what was done before that.
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers).toEqual(Array.from({ length: 3 }, () => ({ pending: 5, isEstimate: false })));
    await earlier;
    expect(await counts.of(environmentId, 'webhook', webhookId)).toEqual({ pending: 5, isEstimate: false });
  });

  it('is counted once for all who ask', async () => {
    const counts = new PendingCounts(database, idleTurns());
    await owe(1);
    const { statements } = await recordStatements(() =>
      Promise.all(Array.from({ length: 32 }, () => counts.of(environmentId, 'environment', environmentId))),
    );
    expect(countsIn(statements)).toBe(1);
  });

  it('is told from the last count where there are very many, and is marked', async () => {
    await owe(60_000);
    const counts = new PendingCounts(database, idleTurns());
    const ask = () => counts.of(environmentId, 'environment', environmentId);
    const wholeCount = () =>
      until('the whole count', async () => {
        const count = await ask();
        return count.pending === 60_000 && count;
      });
    const first = await recordStatements(() => Promise.all([wholeCount(), wholeCount()]));
    expect(first.result).toEqual(Array.from({ length: 2 }, () => ({ pending: 60_000, isEstimate: true })));
    expect(countsIn(first.statements)).toBe(2);
    await database.query('TRUNCATE delivery_queue');
    await owe(10);
    const second = await recordStatements(ask);
    expect(second.result).toEqual({ pending: 60_000, isEstimate: true });
    expect(countsIn(second.statements)).toBe(0);
    expect(await new PendingCounts(database, idleTurns()).of(environmentId, 'environment', environmentId)).toEqual({
      pending: 10,
      isEstimate: false,
    });
  });

  it('is a lower bound while the first count goes on for long, which is then told', async () => {
    await owe(60_000);
    // The first statement has its turn at once, and the second one only when another read lets it.
    let steps = 0;
    let letOn: (() => void) | undefined;
    class HeldTurns extends ReadTurns {
      override run<T>(...[reader, rows, read]: Parameters<typeof ReadTurns.prototype.run<T>>): Promise<T> {
        return super.run(reader, rows, (step) =>
          read(async (work) => {
            steps += 1;
            if (steps === 2) await new Promise<void>((resolve) => (letOn = resolve));
            return step(work);
          }),
        );
      }
    }
    const turns = new HeldTurns(IDLE_LIMITS);
    const counts = new PendingCounts(database, turns);
    const ask = () => counts.of(environmentId, 'environment', environmentId);
    const part = await until('a part of the count', async () => {
      const count = await ask();
      return count.pending > 0 && count;
    });
    expect(part).toEqual({ pending: 50_000, isEstimate: true });
    const waiting = ask();
    letOn!();
    expect(await waiting).toEqual({ pending: 60_000, isEstimate: true });
  });

  it('is asked for again after a count that failed', async () => {
    const counts = new PendingCounts(database, idleTurns());
    await expect(counts.of(environmentId, 'environment', 'no id')).rejects.toThrow('uuid');
    await owe(1);
    expect(await counts.of(environmentId, 'environment', environmentId)).toEqual({ pending: 1, isEstimate: false });
  });
});

describe('a dry run of a recovery', () => {
  const EVENTS = 12_000;
  const body = (): RecoverDto => ({
    since: new Date(Date.now() - 60_000).toISOString(),
    statuses: ['missed'],
    dry_run: true,
  });
  const publish = async (): Promise<void> => {
    for (let rest = EVENTS; rest > 0; rest -= INSERTED) {
      await database.query(
        `INSERT INTO event (id, environment_id, event_type, payload, created_at)
         SELECT uuid_v7(now()), $1, 'record:created', '{}', now() FROM generate_series(1, $2::int)`,
        [environmentId, Math.min(rest, INSERTED)],
      );
    }
  };
  // Who counts starts nothing.
  const noWorker = { nudge: () => undefined } as RecoveryWorker;
  const countsOf = (statements: string[]): number =>
    statements.filter((statement) => statement.includes('count_recoverable_')).length;

  it('ends before its next statement once its client has gone', async () => {
    await publish();
    const service = new RecoveriesService(database, idleTurns(), noWorker);
    const whole = await recordStatements(() =>
      service.count(environmentId, webhookId, body(), soloReader(environmentId)),
    );
    expect(whole.result).toEqual({ queued: EVENTS });
    expect(countsOf(whole.statements)).toBeGreaterThan(2);

    const client = new AbortController();
    const turns = idleTurns();
    const leaving = Object.assign(turns, {
      run: <T>(...[reader, rows, read]: Parameters<typeof turns.run<T>>) =>
        ReadTurns.prototype.run.call(turns, reader, rows, (step) =>
          read((work) =>
            step(async () => {
              const result = await work();
              client.abort();
              return result;
            }),
          ),
        ) as Promise<T>,
    });
    const abandoned = await recordStatements(() =>
      new RecoveriesService(database, leaving, noWorker)
        .count(environmentId, webhookId, body(), { ...soloReader(environmentId), signal: client.signal })
        .catch((error: unknown) => error),
    );
    expect(abandoned.result).toBeInstanceOf(ClientGoneError);
    expect(countsOf(abandoned.statements)).toBe(1);
    expect(turns.stepsRunning).toBe(0);
  });

  it('is refused beyond what a token, and an environment, may have under way', async () => {
    await publish();
    const service = new RecoveriesService(database, idleTurns(), noWorker);
    const runs = Array.from({ length: 12 }, (_, n) => {
      const reader = { ...soloReader(environmentId), tokenId: n < 6 ? 'one' : randomUUID() };
      return service.count(environmentId, webhookId, body(), reader).catch((error: unknown) => error);
    });
    const outcomes = await Promise.all(runs);
    const refused = outcomes.map((outcome) => outcome instanceof Error && (outcome as { code?: string }).code);
    // Four of the one token, then four more of the environment.
    const fourOfSix = [false, false, false, false, 'RATE_LIMITED', 'RATE_LIMITED'];
    expect(refused).toEqual([...fourOfSix, ...fourOfSix]);
    expect(outcomes.filter((outcome) => !(outcome instanceof Error))).toEqual(
      Array.from({ length: 8 }, () => ({ queued: EVENTS })),
    );
  });
});
