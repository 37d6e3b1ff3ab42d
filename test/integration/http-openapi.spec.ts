import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AppModule } from '../../src/app.module.js';
import { createApp } from '../../src/app.setup.js';
import { OPERATIONAL_EVENT_TYPES } from '../../src/common/operational-events.js';
import { loadConfig } from '../../src/config/config.js';
import { PinoLogger } from '../../src/observability/logger.js';
import { buildOpenApi, operationIdFactory } from '../../src/openapi.js';
import { EVENT_TYPE_NAMES, type EventType, examplePayloadOf } from '../../src/webhooks/event-types.js';
import { checkExamples } from '../support/openapi-examples.js';
import type { OpenApiDocument } from '../support/openapi-conformance.js';

/** The document as far as these tests read it. */
interface Document {
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Record<string, unknown>>;
    headers: Record<string, unknown>;
    securitySchemes: Record<string, unknown>;
  };
}

interface Operation {
  operationId: string;
  tags: string[];
  parameters?: { name: string; required?: boolean; example?: unknown; schema: { example?: unknown } }[];
  requestBody?: { content: Record<string, { schema: { $ref: string } }> };
  responses: Record<string, { description: string; headers: object; content: Record<string, { schema: object }> }>;
}

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
    document = buildOpenApi(app) as OpenAPIObject & Document;
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
        expect(responses[status]!.content).toEqual({
          'application/json': { schema: { $ref: '#/components/schemas/ApiError' } },
        });
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

  it('closes no object: a later version may add members', () => {
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
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
    // The two words that may stand where else there is the id of an API token.
    expect(unnamed).toEqual(['paths./audit.get.parameters.3.schema.anyOf.1']);
  });

  it('gives an enum its own description, whichever property has it first', () => {
    expect(document.components.schemas['DeliveryStatus']!['description']).toContain('the retry schedule is spent');
    expect(document.components.schemas['DisabledReason']!['description']).toContain(
      '`gone`: its endpoint answered 410',
    );
    expect(JSON.stringify(document)).not.toContain('x-enum');
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

describe('what a receiver is sent, in the OpenAPI document', () => {
  let document: OpenApiDocument;

  beforeAll(async () => {
    const config = loadConfig({});
    const logger = new PinoLogger({ level: 'silent' });
    const app = await createApp(config, AppModule.forRoot(config), { logger, preview: true });
    document = buildOpenApi(app) as unknown as OpenApiDocument;
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
