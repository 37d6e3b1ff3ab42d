import { randomUUID } from 'node:crypto';
import { uuidV7 } from '../../src/common/uuid-v7.js';
import { fetchDocument, send, type EventHead, type Page, type RawReply } from '../support/client.js';
import { documentedOperations } from '../support/openapi-conformance.js';
import { leastBodyOf, missingCodeOf, OPERATIONS } from '../support/operations.js';
import { useService, type Tenant } from '../support/process.js';
import { useReceivers } from './receivers.js';

/* Nobody can tell from an answer whether an id that is not theirs exists. */

/** What differs from answer to answer, whatever was asked. */
const OF_EACH_ANSWER = ['date', 'x-request-id'];

/** All of an answer that could tell two apart. */
function visible({ status, headers, text }: RawReply): unknown {
  const kept = Object.entries(headers).filter(([name]) => !OF_EACH_ANSWER.includes(name));
  return { status, headers: kept, text };
}

/** A webhook, an event, a delivery and a token of one environment. */
interface Owned {
  webhook: string;
  event: string;
  delivery: string;
  'api-token': string;
}

describe('an id that is not the sender’s', () => {
  const service = useService();
  const receivers = useReceivers();
  let tenant: Tenant;
  let foreign: Owned;
  /** A webhook, a token and an environment that were: to their own sender, too, they are missing. */
  let deleted: Record<string, string>;

  const ownedBy = async ({ client, environmentId }: Tenant): Promise<Owned> => {
    const receiver = await receivers.start();
    const { id: webhook } = await client.createWebhook({ target_url: receiver.url() });
    const { id: event } = await client.publish('record:created');
    const [delivery] = await client.deliveries();
    const { id: token } = await service.token(environmentId);
    return { webhook, event, delivery: delivery!.id, 'api-token': token };
  };

  beforeAll(async () => {
    tenant = await service.tenant();
    foreign = await ownedBy(await service.tenant());
    const gone = await service.tenant();
    const { id: webhook } = await tenant.client.createWebhook({ target_url: 'https://example.com/' });
    const { id: token } = await service.token(tenant.environmentId);
    (await tenant.client.delete(`/webhook/${webhook}`)).expect(200);
    (await service.admin.delete(`/api-token/${token}`)).expect(200);
    (await service.admin.delete(`/environment/${gone.environmentId}`)).expect(200);
    deleted = { webhook, 'api-token': token, environment: gone.environmentId };
  });

  /** By the tenant's token or, where the route takes none, by the admin's. */
  const ask = (name: string, path: string, body?: object, token?: string): Promise<RawReply> => {
    const [method] = name.split(' ') as [string];
    const isAdmins = OPERATIONS[name.replace('HEAD', 'GET')] === 'admin';
    const authorization = `Bearer ${token ?? (isAdmins ? service.adminToken : tenant.token)}`;
    return send(service.url, method, path, { headers: { authorization }, body });
  };

  const resourceOf = (name: string): string => /^\w+ \/([a-z-]+)/.exec(name)![1]!;

  /** Ids by what they are; one that is somebody else's where environments keep the resource apart. */
  const idsFor = (name: string): Record<string, string> => {
    const resource = resourceOf(name);
    const isApart = OPERATIONS[name.replace('HEAD', 'GET')] !== 'admin';
    // An erasure is that of a deleted environment.
    const gone = name.endsWith('/erasure') ? tenant.environmentId : deleted[resource];
    return {
      random: randomUUID(),
      'random, version 7': uuidV7(),
      ...(isApart ? { foreign: foreign[resource as keyof Owned] } : {}),
      ...(gone ? { gone } : {}),
    };
  };

  const operations = Object.keys(OPERATIONS).filter((name) => name.includes('{id}'));
  const rows = [
    ...operations,
    ...operations.filter((name) => name.startsWith('GET')).map((name) => name.replace('GET', 'HEAD')),
  ];

  it('is tried in every path that names one', async () => {
    const documented = documentedOperations(await fetchDocument(service.url)).filter((name) => name.includes('{'));
    expect([...documented].sort()).toEqual([...operations].sort());
  });

  it('is compared in all but the date and the request id', async () => {
    const answer = await ask('GET /webhook/{id}', `/webhook/${foreign.webhook}`);
    const { text, headers } = answer;
    const same = { ...answer, headers: { ...headers, date: 'now', 'x-request-id': 'another' } };
    expect(visible(same)).toEqual(visible(answer));
    for (const other of [
      { ...answer, status: 403 },
      { ...answer, text: text.replace('No webhook', 'no webhook') },
      { ...answer, headers: { ...headers, 'cache-control': 'private' } },
    ]) {
      expect(visible(other)).not.toEqual(visible(answer));
    }
  });

  it.each(rows)('is answered byte for byte like one that is missing, and like one that is none: %s', async (name) => {
    const [, template] = name.split(' ') as [string, string];
    const ids = { ...idsFor(name), malformed: 'not-an-id', 'a number': '1', 'not UTF-8': '%ff' };
    const missing = visible(await ask(name, template.replace('{id}', randomUUID()), leastBodyOf(name)));
    expect(missing).toMatchObject({ status: 404, text: name.startsWith('HEAD') ? '' : expect.any(String) });
    if (!name.startsWith('HEAD')) expect(JSON.stringify(missing)).toContain(missingCodeOf(name));
    for (const [kind, id] of Object.entries(ids)) {
      const answer = visible(await ask(name, template.replace('{id}', id), leastBodyOf(name)));
      expect({ kind, answer }).toEqual({ kind, answer: missing });
    }
  });

  it.each(operations.filter((name) => OPERATIONS[name] !== 'admin'))(
    'is missing in the environment that the admin names, too: %s',
    async (name) => {
      const [, template] = name.split(' ') as [string, string];
      const within = (id: string): Promise<RawReply> => {
        const path = `${template.replace('{id}', id)}?environment_id=${tenant.environmentId}`;
        return ask(name, path, leastBodyOf(name), service.adminToken);
      };
      const missing = visible(await within(randomUUID()));
      expect(missing).toMatchObject({ status: 404 });
      expect(visible(await within(foreign[resourceOf(name) as keyof Owned]))).toEqual(missing);
    },
  );

  it('is answered like one that is missing in the body of POST /webhook/test', async () => {
    const test = (webhookId: string) => ask('POST /webhook/test', '/webhook/test', { id: webhookId });
    const missing = visible(await test(randomUUID()));
    expect(missing).toMatchObject({ status: 404 });
    for (const id of Object.values(idsFor('POST /webhook/test'))) expect(visible(await test(id))).toEqual(missing);
  });

  it('is answered like one that is missing in the body of POST /api-token', async () => {
    const create = (environmentId: string) => {
      const name = 'POST /api-token';
      return ask(name, '/api-token', leastBodyOf(name, { environmentId }));
    };
    const missing = visible(await create(randomUUID()));
    expect(missing).toMatchObject({ status: 404 });
    for (const id of [uuidV7(), deleted['environment']!]) expect(visible(await create(id))).toEqual(missing);
  });

  it('is answered like one that is missing in the body of POST /webhook', async () => {
    const create = (environmentId: string) =>
      ask('POST /webhook', '/webhook', { target_url: 'https://example.com/', environment_id: environmentId });
    const other = await service.tenant();
    const missing = visible(await create(randomUUID()));
    expect(missing).toMatchObject({ status: 400 });
    for (const id of [uuidV7(), deleted['environment']!, other.environmentId]) {
      expect(visible(await create(id))).toEqual(missing);
    }
  });

  it.each(['webhook_id', 'event_id'])('selects nothing, like one that is missing, as the filter %s', async (filter) => {
    const list = (id: string) => ask('GET /delivery', `/delivery?${filter}=${id}`);
    const resource = filter.replace('_id', '') as 'webhook' | 'event';
    const missing = await list(randomUUID());
    expect(JSON.parse(missing.text)).toMatchObject({ result: [] });
    for (const id of [uuidV7(), foreign[resource]]) expect(visible(await list(id))).toEqual(visible(missing));
    // The filter finds what is there.
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const { id: webhook_id } = await client.createWebhook({ target_url: receiver.url() });
    const { id: event_id } = await client.publish('record:created');
    expect(await client.deliveries({ [filter]: { webhook_id, event_id }[filter]! })).toHaveLength(1);
  });

  it.each(Object.keys(OPERATIONS).filter((name) => OPERATIONS[name]!.includes(':')))(
    'of an environment is refused like one that is missing, in the query of %s',
    async (name) => {
      const [, template] = name.split(' ') as [string, string];
      const other = await service.tenant();
      const within = (environmentId: string) => {
        const path = `${template.replace('{id}', randomUUID())}?environment_id=${environmentId}`;
        return ask(name, path, leastBodyOf(name));
      };
      const missing = visible(await within(randomUUID()));
      expect(missing).toMatchObject({ status: 400 });
      for (const id of [uuidV7(), deleted['environment']!, other.environmentId]) {
        expect(visible(await within(id))).toEqual(missing);
      }
    },
  );

  it('leads a list on into nothing that is not the sender’s', async () => {
    const [own, other] = [await service.tenant(), await service.tenant()];
    await own.client.publish('record:created');
    await other.client.publish('record:created');
    await other.client.publish('record:created');
    const { next_cursor: cursor } = (await other.client.get<Page<EventHead>>('/event?limit=1')).expect(200);
    (await own.client.get(`/event?next_cursor=${cursor}`)).expectError(400, 'INVALID_CURSOR');
  });

  it('shares no idempotency key with the sender', async () => {
    const other = await service.tenant();
    const headers = { 'idempotency-key': randomUUID() };
    const create = ({ client }: Tenant, path: string) =>
      client.post<{ id: string }>('/webhook', { target_url: `https://example.com/${path}` }, { headers });
    const theirs = (await create(other, 'theirs')).expect(201);
    const ours = (await create(tenant, 'ours')).expect(201);
    expect(ours.id).not.toBe(theirs.id);
  });
});
