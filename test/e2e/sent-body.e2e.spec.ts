import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { ApiClient, Attempt, DeliveryDetail } from '../support/client.js';
import { useService } from '../support/process.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

/** What parsing and writing it again would change. */
const PAYLOAD = String.raw`{ "z":1.0, "id":9007199254740993, "text":"\u00e9\ud83d\ude00é😀\/", "10":1e2, "2":0, "z":2 }`;
const HEADERS = { 'content-type': 'application/json' };

const service = useService({ env: { RETRY_SCHEDULE: '100ms,1h' } });
const receivers = useReceivers();

/** The delivery of an event once it has had so many attempts. */
function attempted(client: ApiClient, eventId: string, attempts: number): Promise<DeliveryDetail> {
  return until('the attempts', async () => {
    const [delivery] = await client.deliveries({ event_id: eventId });
    const detail = delivery && (await client.delivery(delivery.id));
    return detail && detail.attempts.length >= attempts && detail;
  });
}

async function publish(client: ApiClient): Promise<string> {
  const rawBody = `{"event_type":"record:created","payload":${PAYLOAD}}`;
  return (await client.post<{ id: string }>('/event', undefined, { rawBody, headers: HEADERS })).expect(202).id;
}

const bodiesOf = ({ attempts }: DeliveryDetail): (string | null)[] => attempts.map(({ request }) => request.body);

describe('what an attempt says that it sent', () => {
  it('is every byte that arrived, in each attempt, and verifies from the answer alone', async () => {
    const { client, environmentId } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([500]);
    const { secret } = await client.createWebhook({ target_url: receiver.url() });
    const eventId = await publish(client);
    const arrived = (await receiver.waitFor(2)).map(({ body }) => body.toString());

    const { id } = await attempted(client, eventId, 2);
    const { token } = await service.token(environmentId, ['delivery:read']);
    const { attempts } = await service.client(token).delivery(id);
    expect(arrived[0]).toContain(PAYLOAD);
    expect(attempts.map(({ request }) => request.body)).toEqual(arrived);
    const webhook = new StandardWebhook(secret, { format: 'raw' });
    for (const { request } of attempts)
      expect(webhook.verify(request.body!, request.headers)).toMatchObject({ id: eventId });
  });

  it('is that of a test, under the name that it was sent', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    const order = { id, event_type: 'record:deleted' };
    const { delivery_id } = (await client.post<{ delivery_id: string }>('/webhook/test', order)).expect(200);
    const [request] = await receiver.waitFor(1);
    expect(bodiesOf(await client.delivery(delivery_id))).toEqual([request!.body.toString()]);
    expect(request!.body.toString()).toContain('"event":"record:deleted"');
  });

  it('is null once the event is deleted', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const eventId = await publish(client);
    const { id } = await attempted(client, eventId, 1);
    (await client.delete(`/event/${eventId}`)).expect(200);
    const [attempt] = (await client.delivery(id)).attempts as [Attempt];
    expect(attempt.request.body).toBeNull();
    expect(attempt.request.headers['webhook-id']).toBe(eventId);
  });
});
