import { jest } from '@jest/globals';
import { startReplica, type TestReplica } from '../support/app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

jest.setTimeout(120_000);

/** Nobody listens there: deliveries wait for their retries. */
const TARGET = 'http://127.0.0.1:1999/webhook';
const EVENTS = 3;

interface Page {
  result: { id: string }[];
  next_cursor: string | null;
}

interface List {
  path: string;
  /** Null: the list is not of an environment. */
  environmentId: string | null;
}

let test: TestDatabase;
let replica: TestReplica;
let lists: List[];

const get = (list: List, parameters: string): Promise<{ status: number; body: Page & { code?: string } }> =>
  replica.call('GET', `${list.path}${list.path.includes('?') ? '&' : '?'}${parameters}`, {
    ...(list.environmentId !== null && { environmentId: list.environmentId }),
  });
const post = async (path: string, body: object, environmentId?: string): Promise<{ id: string }> => {
  const answer = await replica.call<{ id: string }>('POST', path, { body, ...(environmentId && { environmentId }) });
  expect([200, 201, 202]).toContain(answer.status);
  return answer.body;
};
const cursorOf = async (list: List): Promise<string> => {
  const { status, body } = await get(list, 'limit=1');
  expect({ list, status, rows: body.result.length }).toEqual({ list, status: 200, rows: 1 });
  return body.next_cursor!;
};

/** Two of everything that a list shows, at least. */
async function fillEnvironment(): Promise<List[]> {
  const { id: environmentId } = await post('/environment', { name: 'lists', allow_duplicate_name: true });
  const webhooks = [];
  for (let n = 0; n < 2; n++) webhooks.push((await post('/webhook', { target_url: TARGET }, environmentId)).id);
  for (const id of webhooks) await post(`/webhook/${id}/rotate-secret`, {}, environmentId);
  // Of a type that is not published, so that they are never failing.
  const unused = { target_url: TARGET, event_types: ['batch_job:failed'] };
  for (let n = 0; n < 2; n++) await post('/webhook', unused, environmentId);
  const events = [];
  for (let n = 0; n < EVENTS; n++) {
    events.push((await post('/event', { event_type: 'record:created', payload: { n } }, environmentId)).id);
  }
  for (let n = 0; n < 2; n++) await post('/api-token', { name: 'lists', environment_id: environmentId });
  const of = (path: string): List => ({ path, environmentId });
  const ofAll = (path: string): List => ({ path, environmentId: null });
  return [
    of('/webhook'),
    of('/webhook?is_active=true'),
    of('/webhook?failing=false'),
    of('/webhook?failing=false&is_active=true'),
    of(`/webhook/${webhooks[0]}/secret`),
    of(`/webhook/${webhooks[1]}/secret`),
    of('/delivery'),
    of('/delivery?status=pending'),
    of('/delivery?event_type=record%3Acreated'),
    of(`/delivery?webhook_id=${webhooks[0]}`),
    of(`/delivery?webhook_id=${webhooks[1]}`),
    of(`/delivery?event_id=${events[0]}`),
    of('/delivery?created_after=2021-08-10T10:00:00Z'),
    of('/delivery?created_after=2021-08-10T10:00:01Z'),
    of('/delivery?created_before=2121-08-10T10:00:00Z'),
    of('/event'),
    of('/event?event_type=record%3Acreated'),
    of('/event?created_after=2021-08-10T10:00:00Z'),
    of(`/event/${events[0]}/webhooks`),
    of(`/event/${events[1]}/webhooks`),
    ofAll(`/api-token?environment_id=${environmentId}`),
    ofAll(`/audit?environment_id=${environmentId}`),
    ofAll(`/audit?environment_id=${environmentId}&actor=admin`),
    ofAll(`/audit?environment_id=${environmentId}&action=created`),
  ];
}

beforeAll(async () => {
  test = await createTestDatabase();
  replica = await startReplica(test);
  lists = [
    ...(await fillEnvironment()),
    // Of another environment, the plain lists.
    ...(await fillEnvironment()).filter(({ path }) => !path.includes('?')),
    ...['/environment', '/api-token', '/audit', '/audit?actor=admin'].map((path) => ({ path, environmentId: null })),
  ];
});
afterAll(async () => {
  await replica.close();
  await test.close();
});

describe('the cursor of a list', () => {
  it('is taken by the list that made it, with any limit, and by no other list, filter or environment', async () => {
    const wrong: string[] = [];
    for (const from of lists) {
      const cursor = await cursorOf(from);
      for (const to of lists) {
        const { status, body } = await get(to, `next_cursor=${cursor}&limit=2`);
        const expected = from === to ? 200 : 400;
        const isRight = status === expected && (status === 200 || body.code === 'INVALID_CURSOR');
        if (!isRight) wrong.push(`${from.path} -> ${to.path}: ${status} ${body.code}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('means the same however its filters are written', async () => {
    const [list] = lists.filter(({ path }) => path === '/delivery?created_after=2021-08-10T10:00:00Z');
    const cursor = await cursorOf(list!);
    const same = { ...list!, path: '/delivery?created_after=2021-08-10T12:00:00%2B02:00' };
    expect((await get(same, `next_cursor=${cursor}`)).status).toBe(200);
    expect((await get(list!, `next_cursor=${cursor}&event_type=`)).status).toBe(400);
  });
});

describe('a long page', () => {
  const ROWS = 700;

  it('is read in parts and has what shorter pages have, each row once', async () => {
    const { id: environmentId } = await post('/environment', { name: 'long' });
    const { id: webhookId } = await post('/webhook', { target_url: TARGET, is_active: false }, environmentId);
    await test.dataSource.query(
      `INSERT INTO delivery_queue (delivery_id, environment_id, webhook_id, event_id, event_type, created_at, due_at)
       SELECT uuid_v7(now() - n * interval '1 second'), $1, $2, gen_random_uuid(),
         CASE WHEN n % 3 = 0 THEN 'record:updated' ELSE 'record:created' END, now(), now() + interval '1 day'
       FROM generate_series(1, $3::int) n`,
      [environmentId, webhookId, ROWS],
    );
    for (const path of ['/delivery', '/delivery?event_type=record%3Aupdated', `/delivery?webhook_id=${webhookId}`]) {
      const list = { path, environmentId };
      const pages = async (limit: number): Promise<string[]> => {
        const ids: string[] = [];
        let cursor = '';
        do {
          const { body } = await get(list, `limit=${limit}&next_cursor=${cursor}`);
          expect(body.result.length).toBeLessThanOrEqual(limit);
          ids.push(...body.result.map(({ id }) => id));
          cursor = body.next_cursor ?? '';
        } while (cursor !== '');
        return ids;
      };
      const short = await pages(100);
      expect(short).toHaveLength(path.includes('updated') ? Math.floor(ROWS / 3) : ROWS);
      for (const limit of [250, 251, 500, 699, 700, 1_000]) expect(await pages(limit)).toEqual(short);
    }
    const whole = await get({ path: '/delivery', environmentId }, 'limit=1000');
    expect(whole.body).toMatchObject({ next_cursor: null, limit: 1_000 });
    expect(whole.body.result).toHaveLength(ROWS);
    const exactly = await get({ path: '/delivery', environmentId }, `limit=${ROWS}`);
    expect(exactly.body).toMatchObject({ next_cursor: null });
  });
});
