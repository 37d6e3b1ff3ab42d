import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/app.setup.js';
import { OPERATIONAL_EVENT_TYPES } from '../../src/common/operational-events.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { ERRORS, type ErrorCode } from '../../src/http/errors.js';
import { toOpenApi30 } from '../../scripts/openapi-3.0.mjs';
import { buildOpenApi } from '../../src/openapi.js';
import { operationIdFactory } from '../../src/openapi/build-document.js';
import { EVENT_TYPE_NAMES, type EventType, examplePayloadOf } from '../../src/webhooks/event-types.js';
import { checkExamples } from '../support/openapi-examples.js';
import type { OpenApiDocument } from '../support/openapi-conformance.js';

/** The document as far as these tests read it. */
interface Document {
  info: { description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Record<string, unknown>>;
    headers: Record<string, unknown>;
    examples: Record<string, { value: object }>;
    securitySchemes: Record<string, unknown>;
  };
}

interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: {
    name: string;
    in: string;
    description?: string;
    required?: boolean;
    example?: unknown;
    schema: { example?: unknown };
  }[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  responses: Record<string, { description: string; headers: object; content: Record<string, { schema: object }> }>;
}

/** That of the committed document: where the service listens by default. */
const SERVER = 'http://127.0.0.1:3000';

/** By hand: generated clients have a method of each name, so a name that changes breaks whoever calls it. */
const OPERATION_IDS = {
  'get /health/live': 'getHealthLiveness',
  'get /health/ready': 'getHealthReadiness',
  'get /metrics': 'getMetrics',
  'post /environment': 'createEnvironment',
  'get /environment': 'listEnvironments',
  'get /environment/{id}': 'getEnvironment',
  'patch /environment/{id}': 'updateEnvironment',
  'delete /environment/{id}': 'deleteEnvironment',
  'get /environment/{id}/erasure': 'getEnvironmentErasure',
  'post /api-token': 'createApiToken',
  'get /api-token': 'listApiTokens',
  'get /api-token/{id}': 'getApiToken',
  'delete /api-token/{id}': 'deleteApiToken',
  'get /me': 'getMe',
  'get /audit': 'listAuditEntries',
  'post /webhook': 'createWebhook',
  'get /webhook': 'listWebhooks',
  'get /webhook/{id}': 'getWebhook',
  'patch /webhook/{id}': 'updateWebhook',
  'delete /webhook/{id}': 'deleteWebhook',
  'post /webhook/{id}/rotate-secret': 'rotateWebhookSecret',
  'get /webhook/{id}/secret': 'listWebhookSecrets',
  'post /webhook/{id}/recover': 'recoverWebhook',
  'get /webhook/{id}/recover': 'getWebhookRecovery',
  'delete /webhook/{id}/recover': 'stopWebhookRecovery',
  'get /webhook/{id}/health': 'getWebhookHealth',
  'delete /webhook/{id}/health': 'clearWebhookHealth',
  'get /webhook/{id}/stats': 'getWebhookStats',
  'post /webhook/test': 'testWebhook',
  'get /event-type': 'listEventTypes',
  'post /event': 'publishEvent',
  'post /event/batch': 'publishEventBatch',
  'get /event': 'listEvents',
  'get /event/{id}': 'getEvent',
  'delete /event/{id}': 'deleteEvent',
  'get /event/{id}/webhooks': 'listEventWebhooks',
  'get /delivery': 'listDeliveries',
  'get /delivery/{id}': 'getDelivery',
  'post /delivery/{id}/retry': 'retryDelivery',
  'get /stats': 'getStats',
};

describe('the OpenAPI document', () => {
  let app: NestFastifyApplication;
  let document: Document;
  let operations: [string, Operation][];

  beforeAll(async () => {
    const config = loadConfig({});
    const logger = new PinoLogger({ level: 'silent' });
    app = await createApp(config, AppModule.forRoot(config), { logger, preview: true });
    document = buildOpenApi(app, SERVER) as OpenAPIObject & Document;
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
    );
  });

  afterAll(() => app.close());

  it('is the committed one', () => {
    const committed: unknown = JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8'));
    expect(JSON.parse(JSON.stringify(document))).toEqual(committed);
  });

  it('gives every error of every operation the one schema', () => {
    for (const [name, { responses }] of operations) {
      const errors = Object.keys(responses).filter((status) => !status.startsWith('2'));
      expect({ name, errors }).toEqual({ name, errors: expect.arrayContaining(['default']) });
      for (const status of errors.filter((one) => `${name} ${one}` !== 'get /health/ready 503')) {
        expect(Object.keys(responses[status]!.content)).toEqual(['application/json']);
        const { schema } = responses[status]!.content['application/json']!;
        expect(schema).toEqual({ $ref: '#/components/schemas/ErrorResponse' });
      }
    }
  });

  it('promises the request id in every response', () => {
    for (const [, { responses }] of operations) {
      for (const response of Object.values(responses)) expect(response.headers).toHaveProperty(['X-Request-Id']);
    }
  });

  it('says which codes a status stands for', () => {
    const { responses } = document.paths['/webhook/{id}']!['patch']!;
    expect(responses['404']!.description).toContain('`WEBHOOK_NOT_FOUND`');
    expect(responses['404']!.description).toContain('`ENVIRONMENT_NOT_FOUND`');
    expect(responses['413']!.description).toContain('`PAYLOAD_TOO_LARGE`');
  });

  it('promises no format of a token: to a client it is opaque', () => {
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: 'http', scheme: 'bearer', description: expect.any(String) as string },
    });
  });

  it('leaves no mark of how it was made', () => {
    expect(JSON.stringify(document)).not.toContain('x-error-');
  });

  it('has an example of every code that an operation can answer, as it is answered', () => {
    const named: string[] = [];
    for (const [, { responses }] of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        const codes = [...description.matchAll(/^`([A-Z_]+)`: /gm)].map(([, code]) => code!);
        const { examples = {} } = (content?.['application/json'] ?? {}) as {
          examples?: Record<string, { $ref: string }>;
        };
        if (status !== 'default') expect(Object.keys(examples)).toEqual(codes);
        for (const [code, { $ref }] of Object.entries(examples)) expect($ref).toBe(`#/components/examples/${code}`);
        named.push(...Object.keys(examples));
      }
    }
    const { examples } = document.components;
    expect(Object.keys(examples).sort()).toEqual([...new Set(named)].sort());
    for (const [code, { value }] of Object.entries(examples)) {
      expect(value).toMatchObject({ statusCode: ERRORS[code as ErrorCode].status, code });
    }
  });

  it('closes the bodies of requests, which refuse other members, and no answer: a later version may add some', () => {
    const closed = Object.entries(document.components.schemas)
      .filter(([, schema]) => schema['additionalProperties'] === false)
      .map(([name]) => name);
    const bodies = operations.flatMap(([, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema;
      return schema ? [schema.$ref.split('/').at(-1)!] : [];
    });
    // Published clients put `environment_id` into it.
    expect(bodies).toContain('CreateWebhook');
    expect(closed.sort()).toEqual([...new Set(bodies), 'BatchEvent'].filter((name) => name !== 'CreateWebhook').sort());
  });

  it('describes every property of every schema, and every parameter', () => {
    const silent: string[] = [];
    const describe = (schema: Record<string, unknown>, at: string): void => {
      for (const [name, property] of Object.entries((schema['properties'] ?? {}) as Record<string, typeof schema>)) {
        if (!property['description']) silent.push(`${at}.${name}`);
        describe(property, `${at}.${name}`);
      }
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) describe(schema, name);
    for (const [name, { parameters = [] }] of operations) {
      for (const parameter of parameters) if (!parameter.description) silent.push(`${name} ${parameter.name}`);
    }
    expect(silent).toEqual([]);
  });

  it('says of a webhook all that there is to say of its members', () => {
    const told = (schema: string, property: string): string =>
      (document.components.schemas[schema]!['properties'] as Record<string, { description: string }>)[property]!
        .description;
    for (const schema of ['CreateWebhook', 'UpdateWebhook', 'Webhook', 'WebhookWithSecret']) {
      expect(told(schema, 'target_url')).toContain('URL that the payload is sent to');
      expect(told(schema, 'is_active')).toContain('active or not. Inactive webhooks will not receive any data.');
    }
    expect(told('CreateWebhook', 'event_types')).toMatch(/subscribed to\. When absent: all of them/);
    expect(told('WebhookWithSecret', 'event_types')).toMatch(/subscribed to: all of them, if none were specified/);
    expect(told('WebhookWithSecret', 'id')).toContain('id of the webhook');
    expect(told('WebhookWithSecret', 'environment_id')).toContain('environment that the webhook belongs to');
    expect(told('WebhookWithSecret', 'created_at')).toContain('When the webhook was created');
    expect(told('WebhookWithSecret', 'updated_at')).toContain('When the webhook was last changed');
    expect(told('WebhookWithSecret', 'secret')).toContain('the payload is signed with');
    const parameters = document.paths['/webhook/{id}']!['get']!.parameters!;
    expect(parameters.find(({ name }) => name === 'id')!.description).toContain('id of the webhook');
  });

  it('names operations as the documented API does', () => {
    const summaries = operations.map(([, { summary }]) => summary);
    expect(summaries.filter((summary) => !/^[A-Z][a-z]+( (API|[A-Z][a-z]+))+$/.test(summary))).toEqual([]);
    expect(new Set(summaries).size).toBe(operations.length);
    expect(document.paths['/webhook']!['post']!.summary).toBe('Create Webhook');
    expect(document.paths['/event/{id}']!['delete']!.summary).toBe('Erase Event Payload');
  });

  it('has one paragraph about itself: it becomes a comment in what is generated', () => {
    expect(document.info.description).not.toContain('\n');
  });

  it('names as its server the address that it is given, which is absolute', () => {
    expect(document.servers).toEqual([{ url: SERVER }]);
  });

  it('shows the last page of a list: its `next_cursor` is null', () => {
    const pages = Object.entries(document.components.schemas).filter(([name]) => name.endsWith('Page'));
    expect(pages.length).toBeGreaterThan(5);
    for (const [, { properties }] of pages) {
      expect((properties as Record<string, object>)['next_cursor']).toHaveProperty('example', null);
    }
  });

  it('has no schema that is named as a class of generators or languages', () => {
    const names = Object.keys(document.components.schemas);
    expect(names.filter((name) => ['ApiError', 'Error', 'Exception', 'Object', 'Response'].includes(name))).toEqual([]);
  });

  it('has enums of texts alone', () => {
    const others: unknown[] = [];
    visitObjects(document, (node) => {
      const values = Array.isArray(node['enum']) ? (node['enum'] as unknown[]) : 'const' in node ? [node['const']] : [];
      if (values.some((value) => typeof value !== 'string')) others.push(node);
    });
    expect(others).toEqual([]);
  });

  it('gives a name to each value of an enum that is no name', () => {
    let named = 0;
    visitObjects(document, (node) => {
      if (!Array.isArray(node['enum']) || !node['enum'].some((value) => /[:.]/.test(String(value)))) return;
      const names = node['x-enum-varnames'] as string[];
      expect(names.length).toBe(node['enum'].length);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z0-9]+$/);
      named += 1;
    });
    expect(named).toBeGreaterThanOrEqual(4);
    const { enum: values, 'x-enum-varnames': names } = document.components.schemas['EventType'] as Record<
      string,
      string[]
    >;
    expect(names![values!.indexOf('sync_job_run:created')]).toBe('SyncJobRunCreated');
  });

  it('leaves what grows open in answers: a client does not refuse a page for one value that is new', () => {
    const { schemas } = document.components;
    const open = Object.entries(schemas).filter(([, schema]) => 'x-extensible-enum' in schema);
    for (const [, schema] of open) expect(schema).toMatchObject({ type: 'string' });
    expect(open.map(([name]) => name)).toEqual(
      expect.arrayContaining(['DeliveryEventType', 'ListedEventType', 'ErrorCode', 'AttemptError', 'GrantedScope']),
    );
    for (const [name, schema] of open) expect({ name, isClosed: 'enum' in schema }).toEqual({ name, isClosed: false });
    const typeOf = (schema: string): unknown =>
      (schemas[schema]!['properties'] as Record<string, object>)['event_type'];
    for (const name of ['Event', 'EventDetail', 'Delivery', 'DeliveryDetail']) {
      expect(typeOf(name)).toMatchObject({ allOf: [{ $ref: '#/components/schemas/DeliveryEventType' }] });
    }
    expect(schemas['EventType']!['enum']).toEqual(EVENT_TYPE_NAMES);
  });

  it('has one schema for both answers of a recovery', () => {
    const { responses } = document.paths['/webhook/{id}/recover']!['post']!;
    const schema = { $ref: '#/components/schemas/RecoverResult' };
    for (const status of ['200', '202']) expect(responses[status]!.content['application/json']!.schema).toEqual(schema);
    const { anyOf } = document.components.schemas['RecoverResult'] as { anyOf: { $ref: string }[] };
    expect(anyOf.map(({ $ref }) => $ref.split('/').at(-1))).toEqual(['Recovery', 'RecoveryCount']);
  });

  it('has no response of which a generator sees only one schema: all successes of an operation have the same', () => {
    for (const [name, { responses }] of operations) {
      const schemas = Object.entries(responses)
        .filter(([status]) => status.startsWith('2'))
        .map(([, { content }]) => JSON.stringify(content));
      expect({ name, schemas: new Set(schemas).size }).toEqual({ name, schemas: 1 });
    }
  });

  it('counts deliveries in 64 bits', () => {
    const counts = (schema: string): string[] =>
      Object.entries(document.components.schemas[schema]!['properties'] as Record<string, { format?: string }>)
        .filter(([, { format }]) => format === 'int64')
        .map(([name]) => name);
    expect(counts('StatsTotals')).toEqual(['pending', 'succeeded', 'failed', 'canceled', 'attempts']);
    expect(counts('StatsBucket')).toEqual(['succeeded', 'failed', 'canceled']);
    expect(counts('Recovery')).toEqual(['total', 'queued']);
    expect(counts('RecoveryCount')).toEqual(['queued']);
    expect(counts('EnvironmentErasure')).toEqual(['removed_rows']);
  });

  it('says which lists may be null', () => {
    const listOf = (schema: string, property: string): unknown =>
      (document.components.schemas[schema]!['properties'] as Record<string, object>)[property];
    for (const [schema, property] of [
      ['CreateApiToken', 'scopes'],
      ['Recover', 'event_types'],
      ['Recover', 'statuses'],
      ['UpdateWebhook', 'event_types'],
    ]) {
      expect(listOf(schema!, property!)).toMatchObject({ type: ['array', 'null'] });
    }
    expect(listOf('CreateWebhook', 'event_types')).toMatchObject({ type: 'array' });
  });

  it('has a pattern for each header that a client sets, and for a target URL that changes', () => {
    for (const [name, { parameters = [] }] of operations) {
      for (const parameter of parameters.filter(({ in: place }) => place === 'header')) {
        expect({ name, schema: parameter.schema }).toMatchObject({ name, schema: { pattern: '^[ -~]+$' } });
      }
    }
    const { target_url } = document.components.schemas['UpdateWebhook']!['properties'] as Record<string, object>;
    expect(target_url).toMatchObject({ pattern: expect.stringContaining('://') as string });
  });

  it('says the defaults of a body in words: openapi-typescript requires a member that has the keyword', () => {
    const withDefault = operations.flatMap(([, { requestBody }]) => {
      const { $ref } = requestBody?.content['application/json']!.schema ?? { $ref: 'none' };
      const { properties = {} } = document.components.schemas[$ref.split('/').at(-1)!] ?? {};
      return Object.entries(properties as Record<string, object>).filter(([, property]) => 'default' in property);
    });
    expect(withDefault).toEqual([]);
  });

  it('has no example and no default that its own schema refuses', () => {
    const served = JSON.parse(JSON.stringify(document)) as OpenApiDocument;
    const examples = checkExamples(served);
    expect(examples.filter(({ error }) => error !== null)).toEqual([]);
    expect(examples.length).toBeGreaterThan(200);
    const faulty = structuredClone(served);
    (faulty.components!.schemas!['Webhook']!['properties'] as Record<string, object>)['id'] = {
      type: 'string',
      format: 'uuid',
      example: 'no UUID',
    };
    faulty.webhooks!['test']!.post.requestBody.content['application/json']!.example['event'] = 'other';
    expect(checkExamples(faulty).flatMap(({ at, error }) => (error === null ? [] : [at]))).toEqual([
      'components.schemas.Webhook.properties.id',
      'webhooks.test.post.requestBody.content.application/json',
    ]);
  });

  it('gives no optional parameter an example: Swagger UI would send it with every request that is tried out', () => {
    const withExample = operations.flatMap(([name, { parameters = [] }]) =>
      parameters
        .filter(({ required, example, schema }) => !required && (example ?? schema.example) !== undefined)
        .map((parameter) => `${name} ${parameter.name}`),
    );
    expect(withExample).toEqual([]);
  });

  it('names every enum of more than one value, and describes it', () => {
    const unnamed: string[] = [];
    const visit = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { enum: values, description } = node as { enum?: unknown[]; description?: string };
      if (Array.isArray(values) && values.length > 1) {
        if (!/^components\.schemas\.\w+$/.test(at) || !description) unnamed.push(at);
      }
      for (const [name, value] of Object.entries(node)) visit(value, at ? `${at}.${name}` : name);
    };
    visit(document, '');
    expect(unnamed).toEqual([]);
  });

  it('gives an enum its own description, whichever property has it first', () => {
    expect(document.components.schemas['DeliveryStatus']!['description']).toContain('the retry schedule is spent');
    expect(document.components.schemas['DisabledReason']!['description']).toContain(
      '`gone`: its endpoint answered 410',
    );
    expect(JSON.stringify(document)).not.toMatch(/x-enum-(?!varnames)/);
  });

  it('names each operation as a client has its method', () => {
    const ids = Object.fromEntries(operations.map(([name, { operationId }]) => [name, operationId]));
    expect(ids).toEqual(OPERATION_IDS);
    expect(new Set(Object.values(ids)).size).toBe(operations.length);
  });

  it('sorts every operation under one tag, and describes each', () => {
    const tags = document.tags.map(({ name }) => name);
    expect(tags).toEqual(['Webhooks', 'Events', 'Deliveries', 'Receiving', 'Administration', 'Health']);
    for (const { description } of document.tags) expect(description).toMatch(/\.$/);
    const used = operations.map(([name, operation]) => {
      expect({ name, tags: operation.tags }).toEqual({ name, tags: [expect.any(String)] });
      return operation.tags[0]!;
    });
    expect([...new Set(used), 'Receiving'].sort()).toEqual([...tags].sort());
  });
});

/** Calls it with every object of the document. */
function visitObjects(node: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (typeof node !== 'object' || node === null) return;
  if (!Array.isArray(node)) visit(node as Record<string, unknown>);
  for (const value of Object.values(node)) visitObjects(value, visit);
}

describe('the document in OpenAPI 3.0', () => {
  const read = (name: string): Record<string, unknown> =>
    JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as Record<string, unknown>;
  const document = read('openapi-3.0.json');
  const newer = read('openapi.json');

  it('is made from the newer one', () => {
    expect(JSON.parse(JSON.stringify(toOpenApi30(newer)))).toEqual(document);
    expect(document['openapi']).toMatch(/^3\.0\./);
    expect(Object.keys(document['paths'] as object)).toEqual(Object.keys(newer['paths'] as object));
  });

  it('has no webhooks, and no component that nothing refers to', () => {
    expect(document).not.toHaveProperty('webhooks');
    const references = new Set(
      [...JSON.stringify(document).matchAll(/"#\/components\/(\w+\/\w+)"/g)].map(([, at]) => at!),
    );
    const { securitySchemes: _, ...components } = document['components'] as Record<string, object>;
    const known = Object.entries(components).flatMap(([kind, members]) =>
      Object.keys(members).map((name) => `${kind}/${name}`),
    );
    expect([...references].sort()).toEqual(known.sort());
    expect(known).not.toContain('schemas/TestEnvelope');
  });

  it('says what may be null as 3.0 does, and nothing that only later versions know', () => {
    visitObjects(document, (node) => {
      expect(node['type']).not.toBe('null');
      expect(Array.isArray(node['type'])).toBe(false);
      expect(node).not.toHaveProperty('const');
      if (node['nullable'] === true) expect(node['type']).toEqual(expect.any(String));
    });
    const { schemas } = document['components'] as { schemas: Record<string, { properties: Record<string, object> }> };
    expect(schemas['Delivery']!.properties['cancel_reason']).toMatchObject({ type: 'string', nullable: true });
    expect(schemas['Recover']!.properties['statuses']).toMatchObject({ type: 'array', nullable: true });
    expect(schemas['EventWebhook']!.properties['status']).toMatchObject({
      nullable: true,
      enum: ['pending', 'succeeded', 'failed', 'canceled', null],
    });
  });
});

describe('what a receiver is sent, in the OpenAPI document', () => {
  let document: OpenApiDocument;

  beforeAll(async () => {
    const config = loadConfig({});
    const logger = new PinoLogger({ level: 'silent' });
    const app = await createApp(config, AppModule.forRoot(config), { logger, preview: true });
    document = buildOpenApi(app, SERVER) as unknown as OpenApiDocument;
    await app.close();
  });

  const outgoing = () => Object.entries(document.webhooks!).map(([type, { post }]) => ({ type, ...post }));

  it('has an entry for each event type, in the order of the table, for the test, and for what the operator is told', () => {
    expect(outgoing().map(({ type }) => type)).toEqual([...EVENT_TYPE_NAMES, 'test', ...OPERATIONAL_EVENT_TYPES]);
  });

  it('names each as a method of a receiver, and its body as a type', () => {
    const names = outgoing().map(({ operationId }) => operationId);
    expect(names.slice(0, 2)).toEqual(['receiveSyncJobRunCreated', 'receiveSyncJobRunUpdated']);
    expect(new Set(names).size).toBe(names.length);
    const schemas = outgoing().map(({ requestBody }) => requestBody.content['application/json']!.schema.$ref);
    expect(schemas.at(0)).toBe('#/components/schemas/SyncJobRunCreatedEnvelope');
    expect(schemas.at(EVENT_TYPE_NAMES.length)).toBe('#/components/schemas/TestEnvelope');
    expect(schemas.at(-1)).toBe('#/components/schemas/BacklogOldEnvelope');
    expect(new Set(schemas).size).toBe(names.length);
  });

  it('lets a receiver tell the types apart by `event`', () => {
    for (const { type, requestBody } of outgoing()) {
      const name = requestBody.content['application/json']!.schema.$ref.split('/').at(-1)!;
      const { properties, required } = document.components!.schemas![name] as {
        properties: Record<string, unknown>;
        required: string[];
      };
      const members = ['id', 'event', 'payload', 'environment_id', 'created_at', 'webhook_id'];
      expect(Object.keys(properties)).toEqual(members);
      expect(required).toEqual(members);
      expect(properties['event']).toMatchObject({ const: type });
    }
  });

  it('shows for each type the envelope with its example payload', () => {
    const members = ['id', 'event', 'payload', 'environment_id', 'created_at', 'webhook_id'];
    for (const { requestBody } of outgoing()) {
      expect(Object.keys(requestBody.content['application/json']!.example)).toEqual(members);
    }
    for (const { type, requestBody } of outgoing().slice(0, EVENT_TYPE_NAMES.length + 1)) {
      const { example } = requestBody.content['application/json']!;
      const payload = type === 'test' ? { foo: 'bar' } : examplePayloadOf(type as EventType);
      expect(example).toMatchObject({ event: type, payload });
    }
  });

  it('says what each answer of the receiver means', () => {
    for (const { responses } of outgoing()) {
      expect(Object.keys(responses).sort()).toEqual(['2XX', '410', '429', '503', 'default']);
    }
  });

  it('has signatures in its examples that a receiver can check its code with', () => {
    const { example } = document.webhooks!['test']!.post.requestBody.content['application/json']!;
    const body = JSON.stringify(example);
    const secret = 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff';
    const hmac = (text: string) => createHmac('sha256', secret).update(text).digest('base64');
    const parameters = document.components!.parameters!;
    const [id, timestamp] = [parameters['WebhookIdHeader']!.example, parameters['WebhookTimestampHeader']!.example];
    expect(parameters['WebhookSignatureHeader']!.example).toBe(`v1,${hmac(`${id}.${timestamp}.${body}`)}`);
    expect(parameters['BodySignatureHeader']!.example).toBe(`format=sha256,v=${hmac(body)}`);
  });
});

describe('operationIdFactory', () => {
  it.each([
    ['WebhooksController', 'create', 'createWebhook'],
    ['WebhooksController', 'list', 'listWebhooks'],
    ['WebhooksController', 'rotateSecret', 'rotateWebhookSecret'],
    ['DeliveriesController', 'get', 'getDelivery'],
    ['DeliveriesController', 'list', 'listDeliveries'],
    ['MeController', 'get', 'getMe'],
  ])('%s.%s is %s', (controller, method, id) => {
    expect(operationIdFactory(controller, method)).toBe(id);
  });
});
