import { randomUUID } from 'node:crypto';
import { fetchDocument, type ApiClient, type Reply } from '../support/client.js';
import { documentedOperations, type OpenApiDocument } from '../support/openapi-conformance.js';
import { leastBodyOf, OPERATIONS, SCOPES } from '../support/operations.js';
import { useService } from '../support/process.js';

/* The whole API held to its contract: which operations there are, who may call them, and what their answers are made of. */

const HEALTH = ['state', 'since', 'paused_until', 'next_probe_at', 'waiting', 'last_success_at', 'last_failure'];

const RECOVERY = ['id', 'webhook_id', 'since', 'until', 'status', 'total', 'queued', 'created_at', 'completed_at'];

/** Fields of the answers, in order. Written by hand from the contract. */
const FIELDS: Record<string, string[]> = {
  'GET /webhook/{id} 200': [
    'id',
    'target_url',
    'is_active',
    'environment_id',
    'event_types',
    'created_at',
    'updated_at',
  ],
  'POST /event 202': ['id', 'environment_id', 'event_type', 'created_at'],
  'GET /event/{id} 200': ['id', 'environment_id', 'event_type', 'created_at', 'payload', 'deliveries'],
  'GET /delivery/{id} 200': [
    'id',
    'event_id',
    'webhook_id',
    'environment_id',
    'event_type',
    'status',
    'attempt_count',
    'next_attempt_at',
    'cancel_reason',
    'created_at',
    'completed_at',
    'held_by',
    'held_until',
    'attempts',
  ],
  'POST /environment 201': ['id', 'name', 'created_at', 'updated_at'],
  'GET /environment/{id}/erasure 200': ['environment_id', 'status', 'removed_rows', 'created_at', 'completed_at'],
  'GET /api-token/{id} 200': [
    'id',
    'name',
    'environment_id',
    'webhook_id',
    'scopes',
    'expires_at',
    'last_used_at',
    'created_at',
  ],
  'GET /me 200': ['kind', 'name', 'environment_id', 'webhook_id', 'scopes', 'expires_at'],
  'GET /webhook 200': ['result', 'next_cursor', 'limit'],
  'GET /event/{id}/webhooks 200': ['result', 'next_cursor', 'limit'],
  'GET /event 200': ['result', 'next_cursor', 'limit'],
  'GET /delivery 200': ['result', 'next_cursor', 'limit'],
  'GET /environment 200': ['result', 'next_cursor', 'limit'],
  'GET /api-token 200': ['result', 'next_cursor', 'limit'],
  'GET /audit 200': ['result', 'next_cursor', 'limit'],
  'GET /event-type 200': ['result'],
  'DELETE /webhook/{id} 200': ['id'],
  'DELETE /event/{id} 200': ['id'],
  'DELETE /environment/{id} 200': ['id'],
  'DELETE /api-token/{id} 200': ['id'],
  'POST /webhook/test 200': ['success', 'delivery_id'],
  'POST /webhook/{id}/recover 202': RECOVERY,
  'GET /webhook/{id}/recover 200': RECOVERY,
  'DELETE /webhook/{id}/recover 200': RECOVERY,
  'GET /webhook/{id}/health 200': HEALTH,
  'DELETE /webhook/{id}/health 200': HEALTH,
  'GET /webhook/{id}/stats 200': [
    'webhook_id',
    'window',
    'from',
    'to',
    'is_active',
    'disabled_at',
    'disabled_reason',
    'failing_since',
    'totals',
    'success_rate',
    'latency_ms',
    'buckets',
  ],
  'GET /stats 200': ['environment_id', 'window', 'from', 'to', 'totals', 'success_rate', 'latency_ms', 'buckets'],
  'POST /webhook/{id}/rotate-secret 200': [
    'id',
    'target_url',
    'is_active',
    'environment_id',
    'event_types',
    'created_at',
    'updated_at',
    'secret',
  ],
};

/** Of those answers the fields that are there only where they have something to say. */
const OPTIONAL_FIELDS: Record<string, string[]> = {
  'GET /webhook/{id}/stats 200': ['is_pending_estimated'],
  'GET /stats 200': ['is_pending_estimated'],
};

/** Beside `environment_id`, which the admin token names everywhere. */
const FILTERS: Record<string, string[]> = {
  'GET /environment': ['limit', 'next_cursor'],
  'GET /api-token': ['limit', 'next_cursor'],
  'GET /webhook/{id}/secret': ['limit', 'next_cursor'],
  'GET /webhook/{id}/stats': ['window'],
  'GET /stats': ['window'],
  'GET /webhook': ['is_active', 'failing', 'state', 'limit', 'next_cursor'],
  'GET /event': ['event_type', 'idempotency_key', 'is_test', 'created_after', 'created_before', 'limit', 'next_cursor'],
  'GET /delivery': [
    'webhook_id',
    'event_id',
    'event_type',
    'status',
    'response_status',
    'error',
    'is_test',
    'created_after',
    'created_before',
    'limit',
    'next_cursor',
  ],
  'GET /event/{id}/webhooks': ['limit', 'next_cursor'],
  'GET /audit': ['actor', 'resource_id', 'action', 'created_after', 'created_before', 'limit', 'next_cursor'],
};

/** Small, so that a body over the limit is sent in one piece. */
const MAX_BODY_BYTES = 16_384;

type Schema = Record<string, unknown>;

describe('the API', () => {
  const service = useService({ env: { MAX_BODY_BYTES: String(MAX_BODY_BYTES) } });
  let document: OpenApiDocument;

  beforeAll(async () => {
    document = await fetchDocument(service.url);
  });

  const operationOf = (name: string): NonNullable<OpenApiDocument['paths'][string][string]> => {
    const [method, path] = name.split(' ') as [string, string];
    return document.paths[path]![method.toLowerCase()]!;
  };

  /** The schema that a reference means, also one that stands in an `allOf` or beside "or null". */
  const resolve = (schema: Schema): Schema => {
    const { $ref, allOf, anyOf, oneOf } = schema as { $ref?: string; [composed: string]: unknown };
    const [first] = (allOf ?? anyOf ?? oneOf ?? []) as Schema[];
    if (first) return resolve(first);
    return $ref === undefined ? schema : resolve(document.components!.schemas![$ref.split('/').at(-1)!]!);
  };
  /** @param pair `POST /webhook 201` */
  const schemaOf = (pair: string): Schema => {
    const [method, path, status] = pair.split(' ') as [string, string, string];
    return resolve(operationOf(`${method} ${path}`).responses[status]!.content!['application/json']!.schema!);
  };
  const propertiesOf = (schema: Schema): Record<string, Schema> => schema['properties'] as Record<string, Schema>;

  /** A request with a body that is taken, for a resource that does not exist. */
  const call = (
    client: ApiClient,
    name: string,
    { query = '', id = randomUUID() }: { query?: string; id?: string } = {},
  ): Promise<Reply<unknown>> => {
    const [method, template] = name.split(' ') as [string, string];
    return client.request(method, template.replace('{id}', id) + query, { body: leastBodyOf(name) });
  };

  const securedOperations = Object.keys(OPERATIONS).filter((name) => OPERATIONS[name] !== 'no token');
  const scopedOperations = Object.keys(OPERATIONS).filter((name) => SCOPES.includes(OPERATIONS[name]!));
  const resourceOperations = Object.keys(OPERATIONS).filter((name) => name.includes('{id}'));

  it('documents the operations of the contract and no other', () => {
    expect(documentedOperations(document).sort()).toEqual(Object.keys(OPERATIONS).sort());
  });

  it.each(Object.entries(FIELDS))('answers %s with %j', (name, fields) => {
    const schema = schemaOf(name);
    const optional = OPTIONAL_FIELDS[name] ?? [];
    expect(Object.keys(propertiesOf(schema)).filter((field) => !optional.includes(field))).toEqual(fields);
    expect(Object.keys(propertiesOf(schema))).toEqual(expect.arrayContaining(optional));
    expect([...(schema['required'] as string[])].sort()).toEqual([...fields].sort());
  });

  it('describes an attempt, what was sent and what was answered', () => {
    const delivery = schemaOf('GET /delivery/{id} 200');
    const attempt = resolve(propertiesOf(delivery)['attempts']!['items'] as Schema);
    const fields = ['number', 'started_at', 'duration_ms', 'timings', 'outcome', 'error', 'request', 'response'];
    expect(Object.keys(propertiesOf(attempt))).toEqual(fields);
    const { timings, outcome, request, response } = propertiesOf(attempt);
    const phases = ['dns_ms', 'connect_ms', 'tls_ms', 'first_byte_ms', 'stale_connection_ms'];
    expect(Object.keys(propertiesOf(resolve(timings!)))).toEqual(phases);
    expect(resolve(outcome!)['enum']).toEqual(['succeeded', 'failed']);
    expect(Object.keys(propertiesOf(resolve(request!)))).toEqual(['url', 'headers', 'body']);
    expect(Object.keys(propertiesOf(resolve(response!)))).toEqual(['status', 'headers', 'body', 'body_truncated']);
  });

  it('describes what a webhook got of an event, and why nothing', () => {
    const entry = resolve(propertiesOf(schemaOf('GET /event/{id}/webhooks 200'))['result']!['items'] as Schema);
    expect(Object.keys(propertiesOf(entry))).toEqual(['webhook_id', 'delivery_id', 'status', 'reason']);
    const reasons = ['not_subscribed', 'inactive', 'not_yet_created', 'deleted'];
    expect(resolve(propertiesOf(entry)['reason']!)['x-extensible-enum']).toEqual(expect.arrayContaining(reasons));
  });

  it('describes an entry of the audit trail', () => {
    const entry = resolve(propertiesOf(schemaOf('GET /audit 200'))['result']!['items'] as Schema);
    const fields = ['id', 'environment_id', 'actor', 'action', 'resource_type', 'resource_id', 'changed_fields'];
    expect(Object.keys(propertiesOf(entry))).toEqual([...fields, 'created_at']);
    const { action, resource_type } = propertiesOf(entry);
    const actions = ['created', 'changed', 'deleted', 'rotated', 'retried', 'recovered'];
    expect(resolve(action!)['x-extensible-enum']).toEqual(actions);
    const resources = ['environment', 'api_token', 'webhook', 'event', 'delivery'];
    expect(resolve(resource_type!)['x-extensible-enum']).toEqual(resources);
  });

  it('names the states of a delivery and why one was canceled', () => {
    const { status, cancel_reason } = propertiesOf(schemaOf('GET /delivery/{id} 200'));
    expect(resolve(status!)['enum']).toEqual(['pending', 'succeeded', 'failed', 'canceled']);
    const reasons = ['webhook_inactive', 'webhook_deleted', 'stopped'];
    expect(resolve(cancel_reason!)['x-extensible-enum']).toEqual(expect.arrayContaining(reasons));
  });

  it('answers a recovery that begins, and a dry run of one, by one schema', () => {
    const [begun, counted] = ['202', '200'].map(
      (status) => operationOf('POST /webhook/{id}/recover').responses[status]!.content!['application/json']!.schema!,
    );
    expect(counted).toEqual(begun);
    const { anyOf } = document.components!.schemas!['RecoverResult'] as { anyOf: Schema[] };
    expect(anyOf.map((schema) => Object.keys(propertiesOf(resolve(schema))))).toEqual([RECOVERY, ['queued']]);
  });

  it('names the states of a recovery and what can be recovered', () => {
    expect(resolve(propertiesOf(schemaOf('GET /webhook/{id}/recover 200'))['status']!)['enum']).toEqual([
      'running',
      'done',
      'stopped',
    ]);
    const properties = propertiesOf(
      resolve(operationOf('POST /webhook/{id}/recover').requestBody!.content['application/json']!.schema),
    );
    expect(Object.keys(properties)).toEqual(['since', 'until', 'event_types', 'statuses', 'dry_run']);
    const { statuses } = properties;
    expect(resolve(statuses!['items'] as Schema)['enum']).toEqual(['missed', 'failed', 'canceled', 'succeeded']);
    expect(statuses!['description']).toContain('When absent or null: missed, failed, canceled.');
  });

  it.each(Object.entries(FILTERS))('%s takes the filters %j', (name, filters) => {
    const query = (operationOf(name).parameters ?? []).filter((parameter) => parameter.in === 'query');
    const taken = query.map((parameter) => parameter.name).filter((parameter) => parameter !== 'environment_id');
    expect(taken.sort()).toEqual([...filters].sort());
  });

  it.each(securedOperations)('%s without a token answers 401 and names the scheme', async (name) => {
    const reply = await call(service.client(), name);
    reply.expectError(401, 'UNAUTHORIZED');
    expect(reply.headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it.each(Object.entries(OPERATIONS))('%s documents who may call it: %s', (name, access) => {
    const required: Record<string, string[][]> = { 'no token': [], 'any token': [[]] };
    const requirements = (operationOf(name).security ?? []).map((requirement) => {
      expect(Object.keys(requirement)).toEqual(['bearer']);
      return requirement['bearer'];
    });
    expect(requirements).toEqual(required[access] ?? [[access]]);
  });

  it.each(Object.entries(OPERATIONS).filter(([, access]) => SCOPES.includes(access)))(
    '%s without the scope %s answers 403',
    async (name, scope) => {
      const { client } = await service.tenant(SCOPES.filter((other) => other !== scope));
      (await call(client, name)).expectError(403, 'FORBIDDEN');
    },
  );

  it.each(Object.entries(OPERATIONS).filter(([, access]) => SCOPES.includes(access)))(
    '%s passes with the scope %s alone',
    async (name, scope) => {
      const { client } = await service.tenant([scope]);
      expect([200, 201, 202, 404]).toContain((await call(client, name)).status);
    },
  );

  it.each(Object.keys(OPERATIONS).filter((name) => OPERATIONS[name] === 'admin'))(
    '%s is for the admin token alone',
    async (name) => {
      const { client } = await service.tenant();
      (await call(client, name)).expectError(403, 'FORBIDDEN');
    },
  );

  it.each(scopedOperations)('%s asks the admin for the environment, and for one that exists', async (name) => {
    const unnamed = await call(service.admin, name);
    unnamed.expectError(400, 'ENVIRONMENT_REQUIRED');
    const unknown = await call(service.admin, name, { query: `?environment_id=${randomUUID()}` });
    unknown.expectError(404, 'ENVIRONMENT_NOT_FOUND');
  });

  it.each(scopedOperations)("%s refuses another environment than the token's own", async (name) => {
    const [tenant, other] = [await service.tenant(), await service.tenant()];
    const reply = await call(tenant.client, name, { query: `?environment_id=${other.environmentId}` });
    reply.expectError(400, 'ENVIRONMENT_MISMATCH');
  });

  it.each(securedOperations)('%s refuses a query parameter that is given twice', async (name) => {
    const tenant = await service.tenant();
    const client = OPERATIONS[name] === 'admin' ? service.admin : tenant.client;
    const reply = await call(client, name, { query: '?limit=1&limit=2' });
    reply.expectError(400, 'VALIDATION_FAILED');
  });

  it.each(Object.keys(OPERATIONS).filter((name) => /^(POST|PATCH)/.test(name) && !name.endsWith('/retry')))(
    '%s takes JSON alone, and not more than the limit of it',
    async (name) => {
      const [method, template] = name.split(' ') as [string, string];
      const tenant = await service.tenant();
      const client = OPERATIONS[name] === 'admin' ? service.admin : tenant.client;
      const path = template.replace('{id}', randomUUID());
      const text = await client.request(method, path, { rawBody: '{}', headers: { 'content-type': 'text/plain' } });
      text.expectError(415, 'UNSUPPORTED_MEDIA_TYPE');
      const huge = await client.request(method, path, { body: { pad: 'x'.repeat(MAX_BODY_BYTES) } });
      huge.expectError(413, 'PAYLOAD_TOO_LARGE');
      const array = await client.request(method, path, { body: [] });
      array.expectError(400, 'VALIDATION_FAILED');
    },
  );

  it.each(resourceOperations)('%s gives a missing and a malformed id the same 404', async (name) => {
    const tenant = await service.tenant();
    const client = OPERATIONS[name] === 'admin' ? service.admin : tenant.client;
    const missing = await call(client, name);
    const malformed = await call(client, name, { id: 'not-an-id' });
    expect(missing.status).toBe(404);
    expect(malformed.status).toBe(404);
    expect(malformed.text).toBe(missing.text);
  });

  it.each(Object.keys(OPERATIONS).filter((name) => OPERATIONS[name] === 'no token'))(
    '%s asks for no token',
    async (name) => {
      expect((await call(service.client(), name)).status).toBe(200);
    },
  );
});
