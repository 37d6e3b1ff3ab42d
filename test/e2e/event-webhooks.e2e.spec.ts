import type { ApiClient, CreatedWebhook, EventWebhook, Page } from '../support/client.js';
import { useService } from '../support/process.js';
import { until } from '../support/wait.js';
import { holdAnswers, useReceivers } from './receivers.js';

const service = useService();
const receivers = useReceivers();

/** What each webhook got of the event, read page by page, newest first. */
async function fateOf(client: ApiClient, eventId: string, limit = 1_000): Promise<EventWebhook[]> {
  const found: EventWebhook[] = [];
  let cursor = '';
  for (;;) {
    const path = `/event/${eventId}/webhooks?limit=${limit}&next_cursor=${cursor}`;
    const page = (await client.get<Page<EventWebhook>>(path)).expect(200);
    found.push(...page.result);
    if (page.next_cursor === null) return found;
    expect(page.result).toHaveLength(limit);
    cursor = page.next_cursor;
  }
}

describe('why an event was sent to a webhook, or not', () => {
  it('tells of each webhook of the environment, those made later and those deleted too', async () => {
    const { client } = await service.tenant();
    const [one, stranger] = [await receivers.start(), await service.tenant()];
    await stranger.client.createWebhook({ target_url: one.url() });
    const make = (body: object = {}): Promise<CreatedWebhook> =>
      client.createWebhook({ target_url: one.url(), ...body });
    const gone = await make();
    (await client.delete(`/webhook/${gone.id}`)).expect(200);
    const inactive = await make({ is_active: false });
    const unsubscribed = await make({ event_types: ['record:deleted'] });
    const changed = await make({ event_types: ['record:deleted'] });
    (await client.patch(`/webhook/${changed.id}`, { event_types: ['record:created'] })).expect(200);
    const sent = await make();
    const { id } = await client.publish('record:created');
    await one.waitFor(2);
    const later = await make();
    // What they become afterwards changes nothing about it.
    (await client.patch(`/webhook/${inactive.id}`, { is_active: true })).expect(200);
    (await client.patch(`/webhook/${unsubscribed.id}`, { event_types: null })).expect(200);
    (await client.delete(`/webhook/${later.id}`)).expect(200);
    (await client.delete(`/webhook/${sent.id}`)).expect(200);

    const deliveries = await until('both deliveries to succeed', async () => {
      const succeeded = await client.deliveries({ event_id: id, status: 'succeeded' });
      return succeeded.length === 2 && succeeded;
    });
    const deliveryTo = (webhookId: string): string => deliveries.find((row) => row.webhook_id === webhookId)!.id;
    const expected = [
      { webhook_id: later.id, delivery_id: null, status: null, reason: 'not_yet_created' },
      { webhook_id: sent.id, delivery_id: deliveryTo(sent.id), status: 'succeeded', reason: null },
      { webhook_id: changed.id, delivery_id: deliveryTo(changed.id), status: 'succeeded', reason: null },
      { webhook_id: unsubscribed.id, delivery_id: null, status: null, reason: 'not_subscribed' },
      { webhook_id: inactive.id, delivery_id: null, status: null, reason: 'inactive' },
      { webhook_id: gone.id, delivery_id: null, status: null, reason: 'deleted' },
    ];
    expect(await fateOf(client, id)).toEqual(expected);
    for (const limit of [1, 2, 3]) expect(await fateOf(client, id, limit)).toEqual(expected);
  });

  it('shows a delivery that is sent again as pending', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const { id } = await client.publish('record:created');
    await until('the delivery to succeed', async () => (await fateOf(client, id))[0]!.status === 'succeeded');
    const answer = holdAnswers(receiver);
    const [{ delivery_id }] = (await fateOf(client, id)) as [EventWebhook];
    (await client.post(`/delivery/${delivery_id}/retry`)).expect(202);
    await receiver.waitFor(2);
    expect(await fateOf(client, id)).toEqual([
      { webhook_id: webhook.id, delivery_id, status: 'pending', reason: null },
    ]);
    answer();
  });

  it('has of a test event the one webhook that was tested', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const tested = await client.createWebhook({ target_url: receiver.url() });
    await client.createWebhook({ target_url: receiver.url() });
    (await client.post('/webhook/test', { id: tested.id })).expect(200);
    const [delivery] = await client.deliveries({ webhook_id: tested.id, is_test: 'true' });
    expect(await fateOf(client, delivery!.event_id)).toEqual([
      { webhook_id: tested.id, delivery_id: delivery!.id, status: 'succeeded', reason: null },
    ]);
  });

  it("gives a foreign event the missing one's 404, and refuses a cursor that no page gave", async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    const { id } = await one.client.publish('record:created');
    const foreign = await other.client.get(`/event/${id}/webhooks`);
    foreign.expectError(404, 'EVENT_NOT_FOUND');
    const missing = await other.client.get('/event/01982f6e-0000-7000-8000-000000000000/webhooks');
    expect(foreign.text).toBe(missing.text);
    (await one.client.get(`/event/${id}/webhooks?next_cursor=!`)).expectError(400, 'INVALID_CURSOR');
    expect(await fateOf(one.client, id)).toEqual([]);
  });
});
