import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeliveryDispatcher } from '../../src/deliveries/engine/delivery-dispatcher.js';
import { DeliveryCapacity } from '../../src/deliveries/engine/delivery-capacity.js';
import { acceptEvents, type Acceptance } from '../../src/deliveries/intake/accept-events.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent, recordHealth } from '../support/delivery-fixtures.js';
import { until } from '../support/wait.js';

/** Counts what arrives under each path. */
async function startCounter(): Promise<{ url(path: string): string; hits: string[]; server: Server }> {
  const hits: string[] = [];
  const server = createServer((request, response) => {
    hits.push(request.url ?? '');
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: (path) => `http://127.0.0.1:${port}${path}`, hits, server };
}

describe('an event that is accepted while its webhook changes', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let other: TestReplica | null = null;
  let receiver: Awaited<ReturnType<typeof startCounter>>;
  let environmentId: string;
  let webhookId: string;

  beforeAll(async () => {
    test = await createTestDatabase();
    receiver = await startCounter();
    replica = await startReplica(test);
    const environment = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'races', allow_duplicate_name: true },
    });
    environmentId = environment.body.id;
  });
  beforeEach(async () => {
    receiver.hits.length = 0;
    const body = { target_url: receiver.url('/old') };
    const webhook = await replica.call<{ id: string }>('POST', '/webhook', { environmentId, body });
    webhookId = webhook.body.id;
  });
  afterEach(async () => {
    await replica.call('DELETE', `/webhook/${webhookId}`, { environmentId });
    await other?.close();
    other = null;
  });
  afterAll(async () => {
    await replica.close();
    receiver.server.closeAllConnections();
    receiver.server.close();
    await test.close();
  });

  const deliveries = async (): Promise<{ status: string; cancel_reason: string | null }[]> => {
    const page = await replica.call<{ result: { status: string; cancel_reason: string | null }[] }>(
      'GET',
      `/delivery?webhook_id=${webhookId}`,
      { environmentId },
    );
    return page.body.result;
  };
  const settled = async () => {
    await until('every delivery to end', async () => (await deliveries()).every(({ status }) => status !== 'pending'));
    return deliveries();
  };

  /** Has the replica accept an event, lets `change` be answered before its deliveries can start, then starts them. */
  const overtakenBy = async (holder: TestReplica, change: () => Promise<unknown>): Promise<void> => {
    const capacity = holder.nest.get(DeliveryCapacity);
    const dispatcher = holder.nest.get(DeliveryDispatcher);
    const reservation = { ...capacity.reserveForIntake([environmentId]), total: 1 };
    const acceptance = await acceptEvents(test.dataSource, [makeEvent(environmentId)], reservation);
    expect(acceptance.leased).toHaveLength(1);
    await change();
    dispatcher.dispatch(acceptance.leased);
    reservation.release();
  };

  const changes = [
    ['switched off', { is_active: false }, 'canceled', 'webhook_inactive', []],
    ['given another target', { target_url: '/new' }, 'succeeded', null, ['/new']],
    ['deleted', null, 'canceled', 'webhook_deleted', []],
  ] as const;

  const make = (through: TestReplica, body: Record<string, unknown> | null): Promise<{ status: number }> => {
    if (body === null) return through.call('DELETE', `/webhook/${webhookId}`, { environmentId });
    const patch = 'target_url' in body ? { target_url: receiver.url('/new') } : body;
    return through.call('PATCH', `/webhook/${webhookId}`, { environmentId, body: patch });
  };

  it.each(changes)('is not sent under the old state once it is %s', async (_, body, status, reason, hits) => {
    await overtakenBy(replica, async () => expect((await make(replica, body)).status).toBe(200));
    expect(await settled()).toMatchObject([{ status, cancel_reason: reason }]);
    expect(receiver.hits).toEqual(hits);
  });

  it.each(changes)('is not sent by another replica once it is %s', async (_, body, status, reason, hits) => {
    other = await startReplica(test);
    const through = other;
    await overtakenBy(replica, async () => expect((await make(through, body)).status).toBe(200));
    expect(await settled()).toMatchObject([{ status, cancel_reason: reason }]);
    expect(receiver.hits).toEqual(hits);
  });

  it('is sent once its webhook is known not to have changed, when accepting it took longer than the window', async () => {
    const capacity = replica.nest.get(DeliveryCapacity);
    const dispatcher = replica.nest.get(DeliveryDispatcher);
    const reservation = { ...capacity.reserveForIntake([environmentId]), total: 1 };
    const { leased } = await acceptEvents(test.dataSource, [makeEvent(environmentId)], reservation);
    // Given back it could not be claimed again, so only what was leased can be sent.
    await recordHealth(test.dataSource, webhookId, { failures: 1, pauseMs: 600_000 });
    dispatcher.dispatch(leased.map((delivery) => ({ ...delivery, readAt: delivery.readAt - 60_000 })));
    reservation.release();
    expect(await settled()).toMatchObject([{ status: 'succeeded', attempt_count: 1 }]);
    expect(receiver.hits).toEqual(['/old']);
  });

  // The embedded engine has one session: there a change waits for the statement, so it cannot overtake its commit.
  if (process.env['TEST_DATABASE_URL'] !== undefined) {
    it.each(changes)(
      'and commits after the change is not sent once it is %s',
      async (_, body, status, reason, hits) => {
        const capacity = replica.nest.get(DeliveryCapacity);
        const dispatcher = replica.nest.get(DeliveryDispatcher);
        const reservation = { ...capacity.reserveForIntake([environmentId]), total: 1 };
        let acceptance: Acceptance | undefined;
        await test.dataSource.transaction(async (manager) => {
          acceptance = await acceptEvents(manager, [makeEvent(environmentId)], reservation);
          expect((await make(replica, body)).status).toBe(200);
        });
        dispatcher.dispatch(acceptance!.leased);
        reservation.release();
        expect(await settled()).toMatchObject([{ status, cancel_reason: reason }]);
        expect(receiver.hits).toEqual(hits);
      },
    );
  }
});
