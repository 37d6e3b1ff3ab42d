import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { OwnSession } from '../../src/database/own-session.js';
import { RELOCK_AFTER_BREAK_MS, RELOCK_MS } from '../../src/deliveries/engine/lock-watch.js';
import { ReplicaLock } from '../../src/deliveries/engine/replica-lock.js';
import { takeReplicaLock } from '../../src/deliveries/queue/replica-locks.js';
import { hasOtherReplicas, signOff, touchReplica } from '../../src/deliveries/queue/replicas.js';
import { rescueDeliveries } from '../../src/deliveries/queue/rescue-deliveries.js';
import { findPgBouncer, PgBouncer } from '../faults/pgbouncer.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { accept, makeEnvironment, makeEvent, makeWebhook } from '../support/delivery-fixtures.js';
import { SERVER_URL } from '../support/process.js';
import { until } from '../support/wait.js';

/** Three looks beyond the moment in which a dead replica would be known. */
const PAST_THE_RULE_MS = RELOCK_MS + 1_000;
/** Far below the ten seconds that a heartbeat counts, and above what two busy cores add. */
const AT_ONCE_MS = 5_000;

interface Member {
  id: string;
  lock: ReplicaLock;
  /** How many deliveries it took from dead replicas. */
  rescued: number;
}

describe('the lock of a replica', () => {
  let test: TestDatabase;
  let environmentId: string;
  let members: Member[];
  let sessions: OwnSession[];

  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    members = [];
    sessions = [];
    await test.dataSource.query('TRUNCATE delivery_queue, replica');
    environmentId = await makeEnvironment(test.dataSource);
    await makeWebhook(test.dataSource, environmentId);
  });
  afterEach(async () => {
    for (const { lock } of members) {
      await lock.stopLooking();
      await lock.release();
    }
    for (const session of sessions) await session.close();
  });

  const join = async ({ url = test.url, canAnnounce = true } = {}): Promise<Member> => {
    const id = randomUUID();
    const member: Member = {
      id,
      rescued: 0,
      lock: new ReplicaLock({
        url,
        database: test.dataSource,
        replicaId: id,
        hasOthers: () => true,
        announce: async () => {
          if (canAnnounce) await touchReplica(test.dataSource, id, member.lock.lockedOn);
        },
        rescue: async () => {
          const { freed } = await rescueDeliveries(test.dataSource, {
            replicaId: id,
            isExclusive: false,
            ownLeases: [],
            ownLeasesAt: 0,
          });
          member.rescued += freed;
        },
      }),
    };
    members.push(member);
    await touchReplica(test.dataSource, id, null);
    member.lock.start();
    return member;
  };
  const rowOf = async (id: string) => {
    const [row] = await test.dataSource.query<{ isLocked: boolean; isDead: boolean }[]>(
      `SELECT lock_server_started_at IS NOT NULL AS "isLocked", died_at IS NOT NULL AS "isDead" FROM replica WHERE id = $1`,
      [id],
    );
    return row;
  };
  const registered = (id: string) => until('the lock to be registered', async () => (await rowOf(id))?.isLocked);
  const joined = async (options?: Parameters<typeof join>[0]): Promise<Member> => {
    const member = await join(options);
    await registered(member.id);
    return member;
  };
  /** A delivery in flight. */
  const lease = (replicaId: string) => accept(test.dataSource, [makeEvent(environmentId)], { replicaId, total: 1 });
  const leases = async (replicaId: string): Promise<number> => {
    const [{ count }] = await test.dataSource.query<[{ count: number }]>(
      'SELECT count(*)::int AS count FROM delivery_queue WHERE leased_by = $1',
      [replicaId],
    );
    return count;
  };

  if (SERVER_URL === null) {
    it('is not taken where all connections share one session', async () => {
      const member = await join();
      await lease(member.id);
      await delay(PAST_THE_RULE_MS);
      expect(await rowOf(member.id)).toEqual({ isLocked: false, isDead: false });
      expect(await leases(member.id)).toBe(1);
    });
    return;
  }

  /** A replica with one delivery in flight, whose process has only its connections to end. */
  const bareReplica = async (): Promise<{ id: string; session: OwnSession; lockedOn: string }> => {
    const id = randomUUID();
    const session = await OwnSession.open(test.url);
    sessions.push(session);
    const lockedOn = (await takeReplicaLock(session, id))!;
    await touchReplica(test.dataSource, id, lockedOn);
    await lease(id);
    return { id, session, lockedOn };
  };
  /** As an administrator, a failover or a network does it. */
  const endSessions = (of: string) =>
    test.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND objid = ('x' || right($1::uuid::text, 8))::bit(32)::int8::oid AND objsubid = 2
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [of],
    );

  it('tells the others at once when its process is gone, and one of them takes what it held', async () => {
    const survivors = [await joined(), await joined()];
    const { id, session } = await bareReplica();
    await delay(RELOCK_MS);
    expect(await leases(id)).toBe(1);
    await session.close();
    await until('its lease to end', async () => (await leases(id)) === 0, AT_ONCE_MS);
    expect(survivors.reduce((sum, { rescued }) => sum + rescued, 0)).toBe(1);
    expect(await rowOf(id)).toEqual({ isLocked: true, isDead: true });
    for (const survivor of survivors) expect(await rowOf(survivor.id)).toEqual({ isLocked: true, isDead: false });
    // Whoever changes a webhook waits for it all the same, as long as its heartbeats count.
    for (const survivor of survivors) await signOff(test.dataSource, survivor.id);
    expect(await hasOtherReplicas(test.dataSource, survivors[0]!.id)).toBe(true);
  });

  it('tells the process that starts after one that was killed', async () => {
    const { id, session } = await bareReplica();
    await session.close();
    const next = await join();
    await until('its lease to end', async () => (await leases(id)) === 0, AT_ONCE_MS);
    expect(next.rescued).toBe(1);
  });

  it('does not count for one that has said nothing since the server lost all locks, when another one starts', async () => {
    const { id, session } = await bareReplica();
    await session.close();
    // As a server does that ends every session because one of its processes crashed; it has not started again by its own account.
    await test.dataSource.query(`SELECT pg_stat_reset_shared('bgwriter')`);
    const next = await joined();
    await delay(PAST_THE_RULE_MS);
    expect([next.rescued, await leases(id)]).toEqual([0, 1]);
    expect(await rowOf(id)).toEqual({ isLocked: true, isDead: false });
  });

  it('is taken again when its connection breaks, and nothing is taken from a process that lives', async () => {
    const [one, other] = [await joined(), await joined()];
    for (const { id } of [one, other]) await lease(id);
    for (let times = 0; times < 3; times++) {
      const before = await test.dataSource.query<{ pid: number }[]>(
        `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2`,
      );
      await endSessions(one.id);
      await until('the lock to be held again', async () => {
        const [{ count }] = await test.dataSource.query<[{ count: number }]>(
          `SELECT count(*)::int AS count FROM pg_locks
           WHERE locktype = 'advisory' AND objsubid = 2 AND mode = 'ExclusiveLock' AND pid <> ALL ($1)`,
          [before.map(({ pid }) => pid)],
        );
        return count > 0;
      });
      await registered(one.id);
    }
    await delay(PAST_THE_RULE_MS);
    expect([one.rescued, other.rescued]).toEqual([0, 0]);
    expect([await leases(one.id), await leases(other.id)]).toEqual([1, 1]);
    expect(await rowOf(one.id)).toEqual({ isLocked: true, isDead: false });
  });

  it('does not count for one that sends heartbeats, though it cannot take the lock again', async () => {
    const survivor = await joined();
    const { id, session, lockedOn } = await bareReplica();
    await session.close();
    const endsAt = Date.now() + PAST_THE_RULE_MS;
    while (Date.now() < endsAt) {
      await touchReplica(test.dataSource, id, lockedOn);
      await delay(RELOCK_MS / 5);
    }
    expect(await leases(id)).toBe(1);
    await until('the survivor to take it then', () => survivor.rescued === 1, AT_ONCE_MS);
    // It lives after all, and is back.
    await touchReplica(test.dataSource, id, null);
    expect(await rowOf(id)).toEqual({ isLocked: false, isDead: false });
  });

  it.each([
    ['that it holds none', () => null],
    ['where it holds it, and that server has started again', () => '2026-01-01T00:00:00.123456Z'],
  ])('does not count for one that says %s', async (_, lockedOn) => {
    const survivor = await joined();
    const { id, session } = await bareReplica();
    await touchReplica(test.dataSource, id, lockedOn());
    await session.close();
    await delay(PAST_THE_RULE_MS);
    expect(survivor.rescued).toBe(0);
    expect(await leases(id)).toBe(1);
  });

  it('lets the others have more time when the connection of whoever looks broke, too', async () => {
    const survivor = await joined();
    const { id } = await bareReplica();
    const brokeAt = performance.now();
    for (const each of [survivor.id, id]) await endSessions(each);
    await until('the survivor to take it', () => survivor.rescued === 1, RELOCK_AFTER_BREAK_MS + AT_ONCE_MS);
    expect(performance.now() - brokeAt).toBeGreaterThan(RELOCK_AFTER_BREAK_MS);
  });

  it('stays with a process that stands still, whose heartbeats end', async () => {
    const survivor = await joined();
    const { id } = await bareReplica();
    await delay(PAST_THE_RULE_MS);
    expect([survivor.rescued, await leases(id)]).toEqual([0, 1]);
  });

  const program = findPgBouncer();
  (program ? it : it.skip)('is not taken through PgBouncer in transaction mode', async () => {
    const pooler = await PgBouncer.prepare(program!, test.url);
    await pooler.start();
    try {
      const survivor = await joined();
      const pooled = await join({ url: pooler.url });
      await lease(pooled.id);
      await pooler.kill();
      await delay(PAST_THE_RULE_MS);
      expect(await rowOf(pooled.id)).toEqual({ isLocked: false, isDead: false });
      expect([survivor.rescued, await leases(pooled.id)]).toEqual([0, 1]);
      const held = await test.dataSource.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND mode = 'ExclusiveLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      expect(held).toHaveLength(1);
    } finally {
      await pooler.stop();
    }
  });
});
