import { jest } from '@jest/globals';
import type { EventHead } from '../support/client.js';
import { OPTIMISED, Service } from '../support/process.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

const EVENTS = 100;
const WEBHOOKS = 40;

// Starts a process twice.
jest.setTimeout(180_000);

describe('a batch that owes more than one statement makes', () => {
  const receivers = useReceivers();
  const service = new Service({ env: { IN_FLIGHT_LIMIT: '64' }, nodeOptions: OPTIMISED });
  afterEach(() => service.stop());

  it('is delivered whole although the process is killed when it has answered, and again while deliveries are made', async () => {
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    for (let n = 0; n < WEBHOOKS; n += 1) await client.createWebhook({ target_url: receiver.url(`/${n}`) });
    const events = Array.from({ length: EVENTS }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
    const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', { events })).expect(202);
    await service.kill('SIGKILL');

    await service.restart();
    await receiver.waitFor(EVENTS);
    await service.kill('SIGKILL');

    await service.restart();
    const received = (): Set<string> =>
      new Set(receiver.requests.map(({ path, headers }) => `${path} ${String(headers['webhook-id'])}`));
    const owed = EVENTS * WEBHOOKS;
    await until(
      'every event to arrive at every webhook',
      () => received().size === owed,
      120_000,
      () => `${received().size} of ${owed}`,
    );
    const expected = result.flatMap(({ id }) => Array.from({ length: WEBHOOKS }, (_, n) => `/${n} ${id}`));
    expect(received()).toEqual(new Set(expected));
    // Each is one delivery: what came twice was in flight at a kill, or its result not recorded.
    const stats = await until('the statistics', async () => {
      type Stats = { totals: Record<string, number>; is_pending_estimated?: boolean };
      const { totals, is_pending_estimated: isEstimate = false } = (await client.get<Stats>('/stats')).expect(200);
      return totals['pending'] === 0 && !isEstimate && totals;
    });
    expect(stats).toMatchObject({ pending: 0, succeeded: owed, failed: 0, canceled: 0 });
    expect(receiver.requests.length).toBeLessThanOrEqual(owed + 2 * 3 * 64);
  });
});

describe('what owes more than may ever be pending', () => {
  const receivers = useReceivers();
  const service = new Service({ env: { PENDING_DELIVERIES_PER_ENVIRONMENT: '3' } });
  afterEach(() => service.stop());

  it('is refused for good, with the bound, and nothing of it is stored', async () => {
    await service.start();
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url('/deleted') });
    for (let n = 0; n < 3; n += 1) await client.createWebhook({ target_url: receiver.url(`/${n}`) });
    const event = { event_type: 'record:created', payload: {} };
    const one = (await client.post('/event', event)).expectError(422, 'FAN_OUT_TOO_LARGE');
    expect(one.details).toEqual({ deliveries: 4, limit: 3 });
    const two = (await client.post('/event/batch', { events: [event, event] })).expectError(422, 'FAN_OUT_TOO_LARGE');
    expect(two.details).toEqual({ deliveries: 8, limit: 3 });
    expect((await client.get<{ result: EventHead[] }>('/event')).expect(200).result).toEqual([]);

    (await client.delete(`/webhook/${id}`)).expect(200);
    // Webhooks are counted once a second.
    await until('the event to fit', async () => (await client.post('/event', event)).status === 202);
    await receiver.waitFor(3);
  });
});
