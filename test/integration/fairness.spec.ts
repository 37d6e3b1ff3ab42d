import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { PIPELINE } from '../../src/database/data-sources.js';
import { EventIntake } from '../../src/events/event-intake.js';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEvent } from '../support/delivery-fixtures.js';
import { Receiver } from '../support/receiver.js';

/** Of eight slots a webhook that hangs takes four, the next two, and two stay free for all others. */
const SETTINGS = { IN_FLIGHT_LIMIT: '8', IN_FLIGHT_PER_WEBHOOK: '8' };

describe('endpoints that hang', () => {
  let test: TestDatabase;
  let replica: TestReplica;
  let receiver: Receiver;
  let environmentId: string;

  beforeEach(async () => {
    test = await createTestDatabase();
    replica = await startReplica(test, SETTINGS);
    receiver = await Receiver.start();
    receiver.respondWith(({ path }) => (path === '/healthy' ? 200 : 'hang'));
    const { body } = await replica.call<{ id: string }>('POST', '/environment', {
      body: { name: 'fairness', allow_duplicate_name: true },
    });
    environmentId = body.id;
  });
  afterEach(async () => {
    // First, because it ends the attempts that hang.
    await receiver.close();
    await replica.close();
    await test.close();
  });

  const subscribe = (path: string, eventType: string) =>
    replica.call('POST', '/webhook', {
      environmentId,
      body: { target_url: receiver.url(path), event_types: [eventType] },
    });
  const publish = (eventType: string, count: number) =>
    replica.nest.get(EventIntake).accept(Array.from({ length: count }, () => makeEvent(environmentId, { eventType })));
  const received = (path: string): number => receiver.requests.filter((request) => request.path === path).length;

  it('leave slots to the others, however many wait for them', async () => {
    await subscribe('/first', 'record:created');
    await subscribe('/second', 'record:updated');
    await subscribe('/healthy', 'record:deleted');
    await publish('record:created', 20);
    await receiver.waitFor(4);
    await publish('record:updated', 20);
    await receiver.waitFor(6);

    await publish('record:deleted', 20);

    await receiver.waitFor(26);
    expect([received('/first'), received('/second'), received('/healthy')]).toEqual([4, 2, 20]);
  });

  it('are not looked for at the end of every attempt to another', async () => {
    await subscribe('/first', 'record:created');
    await subscribe('/healthy', 'record:deleted');
    await publish('record:created', 20);
    await receiver.waitFor(4);
    const query = jest.spyOn(replica.nest.get<DataSource>(getDataSourceToken(PIPELINE)), 'query');
    const start = performance.now();

    for (let sent = 1; sent <= 100; sent++) {
      await Promise.all([publish('record:created', 1), publish('record:deleted', 1)]);
      await receiver.waitFor(4 + sent);
    }

    const polls = (performance.now() - start) / 250;
    const claims = query.mock.calls.filter(([sql]) => sql.includes('claim_deliveries')).length;
    // A poll that finds what was accepted beside it is followed by a second look.
    expect(claims).toBeLessThan(2 * polls + 5);
    expect(claims).toBeGreaterThan(0);
    expect(received('/first')).toBe(4);
  });
});
