import { useService } from '../support/process.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

describe('the log', () => {
  // Everything that can be logged is: what the finest level does not show, none does.
  const service = useService({ env: { LOG_LEVEL: 'trace', RETRY_SCHEDULE: '100ms' } });
  const receivers = useReceivers();

  it('holds no secret, token, payload or query string, whatever happens', async () => {
    const { client, environmentId } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500, 200, 500]);
    const target = receiver.url(`/in?key=${service.canary()}`);
    const { id } = await client.createWebhook({ target_url: target });
    const event = await client.publish('record:created', { text: service.canary() });
    await client.publish('record:updated', { [service.canary()]: 1 });
    await client.post('/webhook/test', { id });
    await client.post('/event', { event_type: 'record:created', payload: service.canary() });
    await client.request('POST', '/event', {
      rawBody: `{"event_type":"record:created","payload":{"${service.canary()}"`,
      headers: { 'content-type': 'application/json' },
    });
    await client.post('/webhook', { target_url: `http://10.0.0.1/?${service.canary()}` });
    await client.get(`/webhook?unknown=${service.canary()}`);
    await client.get(`/nowhere?unknown=${service.canary()}`);
    await service.client(service.canary()).get('/webhook');
    await service.admin.get(`/webhook?environment_id=${environmentId}&x=${service.canary()}`);
    await until('the deliveries to finish', async () => (await client.event(event.id)).deliveries.pending === 0);
    expect(service.canaries.size).toBeGreaterThan(10);
    expect(service.leakedCanaries()).toEqual([]);
  });

  it('holds the id of every request, which is how this check knows that it reads the log', async () => {
    const reply = await service.client().get('/nowhere');
    const requestId = String(reply.headers['x-request-id']);
    await until('the request to be logged', () => service.logs.includes(requestId));
    service.canaries.add(requestId);
    expect(service.leakedCanaries()).toEqual([requestId]);
    service.canaries.delete(requestId);
  });
});
