import { createHmac } from 'node:crypto';
import { useReceivers } from '../e2e/receivers.js';
import { fetchDocument } from '../support/client.js';
import { OpenApiConformance } from '../support/openapi-conformance.js';
import { useService } from '../support/process.js';

/* What the receiver gets, held to the contract. */

/** Members of the body, in order. */
const ENVELOPE = ['id', 'event', 'payload', 'environment_id', 'created_at', 'webhook_id'];

/** What HTTP itself needs, beside the documented headers. */
const TRANSPORT = ['host', 'connection', 'content-length'];

describe('what the receiver gets', () => {
  const service = useService();
  const receivers = useReceivers();

  it('is an envelope of the six members in the documented order, without a space or a line end around them', async () => {
    const { client, environmentId } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('integrated_account:created', { foo: 'bar' });
    const [request] = await receiver.waitFor(1);
    const envelope = JSON.parse(request!.body.toString()) as object;
    expect(Object.keys(envelope)).toEqual(ENVELOPE);
    expect(envelope).toEqual({
      id: event.id,
      event: 'integrated_account:created',
      payload: { foo: 'bar' },
      environment_id: environmentId,
      created_at: event.created_at,
      webhook_id: webhook.id,
    });
    expect(request!.body.toString()).toBe(JSON.stringify(envelope));
  });

  it('is what the served document says of the event type, headers included', async () => {
    const document = await fetchDocument(service.url);
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id } = await client.createWebhook({ target_url: receiver.url() });
    await client.publish('integrated_account:created');
    await receiver.waitFor(1);
    (await client.post('/webhook/test', { id })).expect(200);
    (await client.post('/webhook/test', { id, event_type: 'batch_job:failed' })).expect(200);
    const checker = new OpenApiConformance(document);
    const requests = await receiver.waitFor(3);
    const sent = requests.map(({ headers, body }) => ({ headers, text: body.toString() }));
    const types = ['integrated_account:created', 'test', 'batch_job:failed'];
    expect(types.map((type, index) => checker.checkSent(type, sent[index]!))).toEqual([[], [], []]);
    for (const index of [1, 2]) {
      const { example } = document.webhooks![types[index]!]!.post.requestBody.content['application/json']!;
      expect(JSON.parse(sent[index]!.text)).toMatchObject({ payload: example['payload'] });
    }
    expect(checker.checkSent('record:created', sent[0]!)).toEqual([expect.stringContaining('/event')]);
    expect(checker.checkSent('test', { ...sent[1]!, headers: {} })).toHaveLength(4);
  });

  it('has the documented headers and no other', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    await client.createWebhook({ target_url: receiver.url() });
    const event = await client.publish('record:created');
    const [request] = await receiver.waitFor(1);
    const headers = Object.fromEntries(Object.entries(request!.headers).filter(([name]) => !TRANSPORT.includes(name)));
    expect(headers).toEqual({
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Tidings\/\d+\.\d+\.\d+\S*$/),
      'webhook-id': event.id,
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'x-webhook-signature': expect.stringMatching(/^format=sha256,v=[A-Za-z0-9+/]{43}=$/),
    });
    const skewSeconds = Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000);
    expect(skewSeconds).toBeLessThan(10);
  });
});

describe('the body signature for a receiver written for another platform', () => {
  const service = useService({ env: { SIGNATURE_HEADER: 'X-Other-Signature', SIGNATURE_ENCODING: 'hex' } });
  const receivers = useReceivers();

  it('has the name and the encoding of the settings', async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { secret } = await client.createWebhook({ target_url: receiver.url() });
    await client.publish('record:created');
    const [request] = await receiver.waitFor(1);
    const { headers, body } = request!;
    const digest = createHmac('sha256', secret).update(body).digest('hex');
    expect(headers['x-other-signature']).toBe(`format=sha256,v=${digest}`);
    expect(headers).not.toHaveProperty('x-webhook-signature');
    expect(headers['webhook-signature']).toMatch(/^v1,/);
  });
});
