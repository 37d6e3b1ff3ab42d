import { jest } from '@jest/globals';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { fillBacklog, fillFinished, makePartitions } from '../../bench/service/fill.js';
import { PageQuery, SCAN_LIMIT } from '../../src/reads/page.js';
import { DELIVERY_STATUSES } from '../../src/deliveries/delivery.types.js';
import { type DeliveryFilter, listDeliveries, possibleStatuses } from '../../src/deliveries/queue/list-deliveries.js';
import { EventWebhooksService } from '../../src/events/event-webhooks.service.js';
import { type EventFilter, listEvents } from '../../src/events/event-reads.js';
import { schema } from '../../src/schema.js';
import { Webhook } from '../../src/webhooks/webhook.entity.js';
import { listWebhooks, type WebhookFilter } from '../../src/webhooks/webhooks.repository.js';
import { idlePages, soloReader } from '../support/reads.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeEnvironment, makeWebhook } from '../support/delivery-fixtures.js';
import { type PlanNode, planOf, storedPlanOf } from '../support/plans.js';
import { recordStatements } from '../support/statements.js';

jest.setTimeout(300_000);

const FINISHED = 100_000;
const WAITING = 20_000;
const DAYS = 8;
const WEBHOOKS = 20;
/** Of each webhook. */
const REVISIONS = 1_000;
const LIMIT = 10;
const RARE_TYPE = 'batch_job:failed';
const RARE_ROWS = 20;

/** A page reads its own rows in the queue and in the log, and looks webhooks up. */
const PAGE_ROWS = 10 * (LIMIT + 1);
/** Where no index serves a filter, the queue and the log are both looked through as far as is allowed. */
const SCANNED_ROWS = 2 * SCAN_LIMIT + PAGE_ROWS;

/** No filter by id. */
const ANY_ID = { createdAfter: null, createdBefore: null, ids: null };
const ANY_ATTEMPT = { responseStatus: null, error: null, isTest: false };

/** Tables that grow with what is stored; and their partitions. */
const GROWING = /^(delivery_queue|delivery|event|attempt|webhook_revision)(_\d{8})?$/;

interface Cost {
  /** Of tables that grow, those that were looked at and not taken among them. */
  rows: number;
  /** Tables that grow and were read without an index. */
  wholeReads: string[];
}

let test: TestDatabase;
let database: DataSource;
let client: pg.Client;
let environmentId: string;
let otherEnvironmentId: string;
let webhookIds: string[];

beforeAll(async () => {
  test = await createTestDatabase();
  database = test.dataSource;
  client = await test.connectClient();
  environmentId = await makeEnvironment(database);
  otherEnvironmentId = await makeEnvironment(database);
  webhookIds = [];
  for (let n = 0; n < WEBHOOKS; n++) {
    const id = await makeWebhook(database, environmentId, { eventTypes: ['record:created'] });
    // The index by which the rows are dealt out.
    await database.query('UPDATE webhook SET target_url = $2 WHERE id = $1', [id, `https://example.com/${n}`]);
    webhookIds.push(id);
  }
  await makePartitions(test.url, DAYS);
});
afterAll(() => test.close());

describe('what a page of a list reads', () => {
  let eventId: string;
  let deliveryId: string;
  let range: { createdAfter: Date; createdBefore: Date };

  /** Half of what waits is owed to the first webhook, and nothing that waits to the last. */
  const fill = async (): Promise<void> => {
    // Without the ANALYZE at its end: the planner has to go by what it believed when all was empty.
    const query = async (sql: string, parameters?: unknown[]): Promise<unknown> =>
      sql.startsWith('VACUUM') ? undefined : client.query(sql, parameters);
    const filling = { query } as unknown as pg.Client;
    await fillBacklog(filling, WAITING, WEBHOOKS - 1);
    await fillFinished(filling, FINISHED, WEBHOOKS, DAYS);
    await client.query(
      `INSERT INTO webhook_revision (environment_id, webhook_id, revision, target_url, is_active, is_deleted, changed_by,
         changed_at)
       SELECT environment_id, id, n, target_url, true, false, 'admin', now() - n * interval '10 minutes'
       FROM webhook, generate_series(1, ${REVISIONS}) AS n`,
    );
    await client.query(
      `WITH oldest AS (SELECT id, event_id FROM delivery WHERE environment_id = $1 ORDER BY id LIMIT ${RARE_ROWS}),
         events AS (
           UPDATE event SET event_type = '${RARE_TYPE}'
           WHERE environment_id = $1 AND id IN (SELECT event_id FROM oldest)
         )
       UPDATE delivery SET event_type = '${RARE_TYPE}', status = 'failed'
       WHERE environment_id = $1 AND id IN (SELECT id FROM oldest)`,
      [environmentId],
    );
    const sql = `SELECT id, event_id, created_at FROM delivery WHERE environment_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1`;
    const { rows } = await client.query<{ id: string; event_id: string; created_at: Date }>(sql, [
      environmentId,
      FINISHED / 2,
    ]);
    ({ id: deliveryId, event_id: eventId } = rows[0]!);
    const middle = rows[0]!.created_at.getTime();
    range = { createdAfter: new Date(middle - 86_400_000), createdBefore: new Date(middle + 86_400_000) };
  };

  /** Every way to combine the filters: of each group none, or one. */
  const combinations = <Filter extends object>(groups: Record<string, Filter>[]): [name: string, filter: Filter][] =>
    groups.reduce<[string, Filter][]>(
      (made, group) =>
        made.flatMap(([name, filter]) => [
          [name, filter],
          ...Object.entries(group).map<[string, Filter]>(([label, part]) => [
            [name, label].filter(Boolean).join(', '),
            { ...filter, ...part },
          ]),
        ]),
      [['', {} as Filter]],
    );

  const ofDeliveries = (): [string, Partial<DeliveryFilter>][] => {
    const owners: Record<string, Partial<DeliveryFilter>> = {
      'the webhook with the backlog': { webhookId: webhookIds[0]! },
      'a webhook that is owed nothing': { webhookId: webhookIds.at(-1)! },
      'an environment that is owed nothing': { environmentId: otherEnvironmentId },
    };
    const types: Record<string, Partial<DeliveryFilter>> = {
      'a common type': { eventType: 'record:created' },
      'a rare type': { eventType: RARE_TYPE },
    };
    const single: Record<string, Partial<DeliveryFilter>> = {
      pending: { statuses: ['pending'] },
      succeeded: { statuses: ['succeeded'] },
      failed: { statuses: ['failed'] },
    };
    const statuses: Record<string, Partial<DeliveryFilter>> = {
      ...single,
      'failed or canceled': { statuses: ['failed', 'canceled'] },
      'pending or succeeded': { statuses: ['pending', 'succeeded'] },
    };
    const attempts: Record<string, Partial<DeliveryFilter>> = {
      'a status that is never answered': { responseStatus: { from: 418, to: 418 } },
      'a class of statuses': { responseStatus: { from: 200, to: 299 } },
      'an error': { error: 'timeout' },
      tests: { isTest: true },
      ids: { ids: [eventId, deliveryId] },
    };
    const ranges: Record<string, Partial<DeliveryFilter>> = {
      'after an instant': { createdAfter: range.createdAfter },
      'before an instant': { createdBefore: range.createdBefore },
      'a range': range,
    };
    const pages: Record<string, Partial<DeliveryFilter>> = { 'a further page': { before: eventId } };
    return [
      ...combinations([owners, { 'an event': { eventId } }, types, single, ranges, pages]),
      ...combinations([owners, statuses, attempts, pages]),
      ...combinations([types, statuses, attempts]),
    ];
  };
  const ofEvents = (): [string, Partial<EventFilter>][] =>
    combinations<Partial<EventFilter>>([
      { 'a common type': { eventType: 'record:created' }, 'a rare type': { eventType: RARE_TYPE } },
      { 'after an instant': { createdAfter: range.createdAfter }, 'a range': range },
      { tests: { isTest: true }, ids: { ids: [eventId, deliveryId] } },
      { 'a further page': { before: eventId } },
    ]);
  const ofWebhooks = (): [string, Partial<WebhookFilter>][] =>
    combinations<Partial<WebhookFilter>>([
      { active: { isActive: true }, inactive: { isActive: false } },
      { failing: { isFailing: true }, 'not failing': { isFailing: false } },
      { 'after an instant': { createdAfter: range.createdAfter }, 'a range': range, ids: { ids: webhookIds } },
      { 'a further page': { before: webhookIds[9]! } },
    ]);

  /** What the list's page costs beyond what it may, one line for each finding. */
  const findings = (name: string, { rows, wholeReads }: Cost, maxRows: number): string[] => [
    ...wholeReads.map((read) => `${name}: ${read}`),
    ...(rows > maxRows ? [`${name}: ${rows} rows, more than ${maxRows}`] : []),
  ];

  const statesOfTheDatabase: [string, () => Promise<unknown>][] = [
    ['that the planner knows nothing of', fill],
    ['that was analyzed', () => client.query('VACUUM (ANALYZE)')],
    [
      'that was analyzed with a queue in the order of its ids, as events come',
      async () => {
        await client.query('CLUSTER delivery_queue USING delivery_queue_pkey');
        await client.query('ANALYZE delivery_queue');
      },
    ],
  ];

  describe.each(statesOfTheDatabase)('in a database %s', (_, prepare) => {
    beforeAll(prepare);

    it('finds a list that reads a table as a whole', async () => {
      const cost = await costOf(() => database.query(`SELECT id FROM delivery WHERE error = 'x' LIMIT 100`));
      expect(findings('all', cost, SCANNED_ROWS)).toEqual([
        ...cost.wholeReads.map((read) => `all: ${read}`),
        `all: ${FINISHED} rows, more than ${SCANNED_ROWS}`,
      ]);
      expect(cost.wholeReads).toContainEqual(expect.stringMatching(/^Seq Scan of delivery_\d{8}$/));
    });

    it('of deliveries is bounded, with every combination of filters', async () => {
      const none = { webhookId: null, eventId: null, eventType: null, statuses: null, before: null, ...ANY_ATTEMPT };
      const found: string[] = [];
      for (const [name, filter] of ofDeliveries()) {
        const full = { environmentId, ...none, ...ANY_ID, limit: LIMIT, ...filter };
        const mayAskNothing = full.ids !== null || possibleStatuses(full).length === 0;
        const cost = await costOf(() => listDeliveries(database, full), { mayAskNothing });
        // What is pending is all of the queue, and what failed has an index.
        const isScanned =
          filter.eventType !== undefined ||
          (filter.responseStatus ?? filter.error ?? filter.isTest) !== undefined ||
          (filter.statuses?.includes('succeeded') && filter.statuses.length < DELIVERY_STATUSES.length);
        found.push(...findings(name, cost, isScanned && !filter.ids ? SCANNED_ROWS : PAGE_ROWS));
      }
      expect(found).toEqual([]);
    });

    it('of events is bounded, with every combination of filters', async () => {
      const none = { eventType: null, isTest: false, ...ANY_ID, before: null, limit: LIMIT };
      const found: string[] = [];
      for (const [name, filter] of ofEvents()) {
        const mayAskNothing = filter.ids !== undefined && filter.ids !== null;
        const read = (): Promise<unknown> => listEvents(database, { environmentId, ...none, ...filter });
        const cost = await costOf(read, { mayAskNothing });
        found.push(...findings(name, cost, filter.eventType === undefined ? PAGE_ROWS : SCANNED_ROWS));
      }
      expect(found).toEqual([]);
    });

    it('of webhooks is bounded, with every combination of filters', async () => {
      const found: string[] = [];
      for (const [name, filter] of ofWebhooks()) {
        const cost = await costOf(() =>
          listWebhooks(
            database.getRepository(Webhook),
            { environmentId, ...ANY_ID, before: null, ...filter },
            LIMIT + 1,
          ),
        );
        found.push(...findings(name, cost, 0));
      }
      expect(found).toEqual([]);
    });

    it('of the webhooks of an event is bounded, however often they were changed', async () => {
      const query = Object.assign(new PageQuery(), { limit: LIMIT });
      const service = new EventWebhooksService(database, idlePages());
      const cost = await costOf(async () => {
        const page = await service.list(environmentId, eventId, query, soloReader(environmentId));
        expect(page.result).toHaveLength(LIMIT);
      });
      expect(findings('', cost, PAGE_ROWS)).toEqual([]);
    });
  });
});

/** What the statements read that the call sends. */
async function costOf(call: () => Promise<unknown>, { mayAskNothing = false } = {}): Promise<Cost> {
  const { statements, parameters } = await recordStatements(call);
  // A filter that nothing can meet is answered without the database.
  if (!mayAskNothing) expect(statements).not.toEqual([]);
  const cost: Cost = { rows: 0, wholeReads: [] };
  for (const [index, statement] of statements.entries()) {
    for (const node of await analyzed(statement, parameters[index]!)) {
      const relation = node['Relation Name'];
      const loops = node['Actual Loops']!;
      if (relation === undefined || !GROWING.test(relation) || loops === 0) continue;
      cost.rows += Math.round((node['Actual Rows']! + (node['Rows Removed by Filter'] ?? 0)) * loops);
      if (node['Node Type'] === 'Seq Scan') cost.wholeReads.push(`Seq Scan of ${relation}`);
    }
  }
  return cost;
}

/** The plan of what was sent, or of what the function does that was called. */
async function analyzed(statement: string, parameters: unknown[]): Promise<PlanNode[]> {
  const stored = schema.statements.find(({ functionName }) => statement.includes(`${functionName}(`));
  if (!stored) return planOf(database.manager, statement, { analyze: true, parameters });
  return database.transaction((manager) => storedPlanOf(manager, stored, parameters));
}
