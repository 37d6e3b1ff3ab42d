import type { ApiErrorBody, EventDetail, EventHead, Page } from '../support/client.js';
import { useService } from '../support/process.js';
import type { ReceivedRequest } from '../support/receiver.js';
import { useReceivers } from './receivers.js';

/** Every kind of JSON text that a parser and a printer between the caller and the receiver would change. */
const VERBATIM =
  '{"z":1,"a":{"big":9007199254740993,"one":1.0,"infinite":1e400,"minus":-0,"exp":1E+2},"nul":"\\u0000","lone":"\\ud800",' +
  '"escaped":"\\u0041\\/","twice":1,"twice":{"b":2,"b":3},"__proto__":{"polluted":true},"constructor":{"prototype":{}},' +
  ' "spaced" : [ 1 ,\n\t2 ] , "10":0, "9":0, "é":"é\u2028😀", "":null }';

const idsOf = (events: EventHead[]): string[] => events.map(({ id }) => id);

const service = useService();

const receivers = useReceivers();

describe('publishing events', () => {
  it('sends an event to a webhook that named no types', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('batch_job:failed', { n: 1 });
    const [request] = await receiver.waitFor(1);
    expect(JSON.parse(request!.body.toString())).toMatchObject({
      id: event.id,
      event: 'batch_job:failed',
      payload: { n: 1 },
    });
  });

  it('sends an event to the webhooks of its type and to no other', async () => {
    const { client } = await service.tenant();
    const [created, deleted, all] = [await receivers.start(), await receivers.start(), await receivers.start()];
    await client.createWebhook({ target_url: created.url(), event_types: ['record:created', 'record:updated'] });
    await client.createWebhook({ target_url: deleted.url(), event_types: ['record:deleted'] });
    await client.createWebhook({ target_url: all.url() });
    const first = await client.publish('record:created');
    const second = await client.publish('record:deleted');
    const eventIds = (requests: readonly ReceivedRequest[]) => requests.map(({ headers }) => headers['webhook-id']);
    expect(eventIds(await created.waitFor(1))).toEqual([first.id]);
    expect(eventIds(await deleted.waitFor(1))).toEqual([second.id]);
    expect(new Set(eventIds(await all.waitFor(2)))).toEqual(new Set([first.id, second.id]));
    const owed = await Promise.all([
      client.deliveries({ event_id: first.id }),
      client.deliveries({ event_id: second.id }),
    ]);
    expect(owed.map((deliveries) => deliveries.length)).toEqual([2, 2]);
  });

  it('owes an inactive webhook nothing', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url(), is_active: false });
    const { id } = await client.publish('record:created');
    expect((await client.event(id)).deliveries).toEqual({ pending: 0, succeeded: 0, failed: 0, canceled: 0 });
    expect(await client.deliveries({ event_id: id })).toEqual([]);
    expect(receiver.requests).toEqual([]);
  });

  it("keeps one environment's events from another's webhooks and reads", async () => {
    const [one, other] = [await service.tenant(), await service.tenant()];
    const receiver = await receivers.start();
    await other.client.createWebhook({ target_url: receiver.url() });
    const event = await one.client.publish('record:created');
    expect((await one.client.event(event.id)).deliveries.pending).toBe(0);
    const foreign = await other.client.get(`/event/${event.id}`);
    const missing = await other.client.get('/event/01982f6e-0000-7000-8000-000000000000');
    foreign.expectError(404, 'EVENT_NOT_FOUND');
    expect(foreign.text).toBe(missing.text);
    expect((await other.client.get<Page<EventHead>>('/event')).expect(200).result).toEqual([]);
    expect(receiver.requests).toEqual([]);
  });

  it('delivers and keeps the payload as it was written, to the byte', async () => {
    const { client, environmentId } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const reply = await client.request<EventHead>('POST', '/event', {
      rawBody: ` { "payload" :  ${VERBATIM}  , "event_type":"record:created"}\n`,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    const event = reply.expect(202);
    const [request] = await receiver.waitFor(1);
    expect(request!.body.toString()).toBe(
      `{"id":"${event.id}","event":"record:created","payload":${VERBATIM},"environment_id":"${environmentId}",` +
        `"created_at":"${event.created_at}","webhook_id":"${webhook.id}"}`,
    );
    expect((await client.get(`/event/${event.id}`)).text).toContain(`"payload":${VERBATIM}`);
  });

  it('delivers and keeps the payloads of a batch as they were written', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const rawBody = `{"events":[{"event_type":"record:created","payload":{"n":1.0}},{"payload":${VERBATIM},"event_type":"record:updated"}]}`;
    const headers = { 'content-type': 'application/json' };
    const reply = await client.request<{ result: EventHead[] }>('POST', '/event/batch', { rawBody, headers });
    const { result } = reply.expect(202);
    expect(result.map(({ event_type }) => event_type)).toEqual(['record:created', 'record:updated']);
    const bodies = (await receiver.waitFor(2)).map(({ body }) => body.toString());
    expect(bodies.find((body) => body.includes(result[0]!.id))).toContain('"payload":{"n":1.0},');
    expect(bodies.find((body) => body.includes(result[1]!.id))).toContain(`"payload":${VERBATIM},`);
    expect((await client.get(`/event/${result[1]!.id}`)).text).toContain(`"payload":${VERBATIM}`);
  });

  it('takes all events of a batch or none, and names the bad member', async () => {
    const { client } = await service.tenant();
    const good = { event_type: 'record:created', payload: {} };
    const refused = async (bad: object): Promise<string[]> => {
      const error: ApiErrorBody = (await client.post('/event/batch', { events: [good, good, bad] })).expectError(
        400,
        'VALIDATION_FAILED',
      );
      return error.details!.failures!.map(({ field }) => field);
    };
    expect(await refused({ event_type: 'record:gone', payload: {} })).toEqual(['events.2.event_type']);
    expect(await refused({ event_type: 'record:created', payload: [] })).toEqual(['events.2.payload']);
    expect(await refused({ event_type: 'record:created' })).toEqual(['events.2.payload']);
    expect(await refused([])).toEqual(['events.2']);
    expect(await refused([good])).toEqual(['events.2']);
    expect(await refused({ ...good, surprise: 1 })).toEqual(['events.2.surprise']);
    expect(await refused({ ...good, idempotency_key: '' })).toEqual(['events.2.idempotency_key']);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toEqual([]);
  });

  it('takes a batch of 1,000', async () => {
    const { client } = await service.tenant();
    const events = Array.from({ length: 1000 }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
    const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', { events })).expect(202);
    expect(new Set(idsOf(result)).size).toBe(1000);
    const last = (await client.get<EventDetail>(`/event/${result[999]!.id}`)).expect(200);
    expect(last.payload).toEqual({ n: 999 });
  });
});

describe('repeating a publication', () => {
  const key = { headers: { 'idempotency-key': 'publish-1' } };
  const body = { event_type: 'record:created', payload: { n: 1 } };

  it('with the same key and content gives the same answer and sends nothing again', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const first = (await client.post<EventHead>('/event', body, key)).expect(202);
    const second = (await client.post<EventHead>('/event', body, key)).expect(202);
    expect(second).toEqual(first);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toEqual([first]);
    expect(await client.deliveries()).toHaveLength(1);
  });

  it('with the same key and other content is a conflict, down to one byte of the payload', async () => {
    const { client } = await service.tenant();
    (await client.post('/event', body, key)).expect(202);
    const conflicts = [
      '{"event_type":"record:created","payload":{"n": 1}}',
      '{"event_type":"record:created","payload":{"n":1.0}}',
      '{"event_type":"record:updated","payload":{"n":1}}',
    ];
    for (const rawBody of conflicts) {
      const headers = { ...key.headers, 'content-type': 'application/json' };
      const reply = await client.request('POST', '/event', { rawBody, headers });
      const { message, details } = reply.expectError(409, 'IDEMPOTENCY_CONFLICT');
      expect(message).toBe('Idempotency-Key: was used before with other content');
      expect(details).toEqual({
        failures: [{ field: 'Idempotency-Key', message: 'was used before with other content' }],
      });
    }
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toHaveLength(1);
  });

  it('while the first is still on its way gives the one answer', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const replies = await Promise.all(Array.from({ length: 16 }, () => client.post<EventHead>('/event', body, key)));
    expect(new Set(replies.map((reply) => reply.expect(202).id)).size).toBe(1);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toHaveLength(1);
    expect(await client.deliveries()).toHaveLength(1);
  });

  it('in a batch repeats only the members that have the key', async () => {
    const { client } = await service.tenant();
    const keyed = { ...body, idempotency_key: 'member-1' };
    const batch = (events: object[]) => client.post<{ result: EventHead[] }>('/event/batch', { events });
    const first = (await batch([keyed, body])).expect(202).result;
    const second = (await batch([body, keyed])).expect(202).result;
    expect(second[1]).toEqual(first[0]);
    expect(idsOf(first)).not.toContain(second[0]!.id);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toHaveLength(3);
  });

  it('folds equal members of one batch', async () => {
    const { client } = await service.tenant();
    const keyed = { ...body, idempotency_key: 'member-1' };
    const reply = await client.post<{ result: EventHead[] }>('/event/batch', { events: [keyed, keyed] });
    const [first, second] = reply.expect(202).result;
    expect(second).toEqual(first);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toHaveLength(1);
  });

  it('with a key of a batch and other content refuses the whole batch', async () => {
    const { client } = await service.tenant();
    const batch = (events: object[]) => client.post('/event/batch', { events });
    (await batch([{ ...body, idempotency_key: 'member-1' }])).expect(202);
    const other = { ...body, payload: { n: 2 }, idempotency_key: 'member-1' };
    const { details } = (await batch([body, other])).expectError(409, 'IDEMPOTENCY_CONFLICT');
    expect(details!.failures!.map(({ field }) => field)).toEqual(['events.1.idempotency_key']);
    expect((await client.get<Page<EventHead>>('/event')).expect(200).result).toHaveLength(1);
  });
});

describe('reading events', () => {
  it('lists them newest first, page by page', async () => {
    const { client } = await service.tenant();
    const published: string[] = [];
    for (let n = 0; n < 3; n++) published.unshift((await client.publish('record:created', { n })).id);
    const first = (await client.get<Page<EventHead>>('/event?limit=2')).expect(200);
    const second = (await client.get<Page<EventHead>>(`/event?limit=2&next_cursor=${first.next_cursor}`)).expect(200);
    expect([...idsOf(first.result), ...idsOf(second.result)]).toEqual(published);
    expect(second.next_cursor).toBeNull();
  });

  it('lists the events of one batch in its order, the last of them first', async () => {
    const { client } = await service.tenant();
    const events = Array.from({ length: 50 }, (_, n) => ({ event_type: 'record:created', payload: { n } }));
    const { result } = (await client.post<{ result: EventHead[] }>('/event/batch', { events })).expect(202);
    const listed = (await client.get<Page<EventHead>>('/event')).expect(200).result;
    expect(idsOf(listed)).toEqual(idsOf(result).reverse());
  });

  it('filters by type and by time', async () => {
    const { client } = await service.tenant();
    const event = await client.publish('record:created');
    await client.publish('record:updated');
    const list = async (query: string): Promise<EventHead[]> =>
      (await client.get<Page<EventHead>>(`/event?${query}`)).expect(200).result;
    expect(await list('event_type=record%3Acreated')).toEqual([event]);
    expect(await list('created_after=2000-01-01T00:00:00.000Z')).toHaveLength(2);
    expect(await list('created_before=2000-01-01T00:00:00.000Z')).toEqual([]);
    expect(await list('created_after=2999-01-01T00:00:00.000Z')).toEqual([]);
  });
});
