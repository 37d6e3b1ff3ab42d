import { fetchDocument, type CreatedWebhook, type Page, type Webhook } from '../support/client.js';
import type { OpenApiDocument } from '../support/openapi-conformance.js';
import { useService } from '../support/process.js';

/*
 * `POST /webhook` held to the contract. Every table here was written by hand from it and
 * is not generated from anything: it is what the served document is measured against.
 */

const EVENT_TYPES = [
  'sync_job_run:created',
  'sync_job_run:updated',
  'sync_job_run:started',
  'sync_job_run:completed',
  'sync_job_run:failed',
  'sync_job_run:record',
  'integrated_account:created',
  'integrated_account:updated',
  'integrated_account:active',
  'integrated_account:reactivated',
  'integrated_account:authentication_error',
  'integrated_account:post_install_error',
  'integrated_account:validation_error',
  'integrated_account:post_connect_form_submitted',
  'record:created',
  'record:updated',
  'record:deleted',
  'sync_job_cron_trigger:failed',
  'batch_job:dry_run_completed',
  'batch_job:completed',
  'batch_job:dry_run_failed',
  'batch_job:failed',
];

interface Field {
  name: string;
  type: 'string' | 'boolean' | 'array';
  format?: string;
  example: unknown;
  isRequired: boolean;
}

const REQUEST: Field[] = [
  { name: 'target_url', type: 'string', example: 'https://example.com/webhook', isRequired: true },
  { name: 'is_active', type: 'boolean', example: true, isRequired: false },
  {
    name: 'event_types',
    type: 'array',
    example: undefined,
    isRequired: false,
  },
];

const RESPONSE: Field[] = [
  {
    name: 'id',
    type: 'string',
    format: 'uuid',
    example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7',
    isRequired: true,
  },
  { name: 'target_url', type: 'string', example: 'https://example.com/webhook', isRequired: true },
  { name: 'is_active', type: 'boolean', example: true, isRequired: true },
  {
    name: 'environment_id',
    type: 'string',
    format: 'uuid',
    example: '05daecaf-4365-42e8-8370-8127de5dd717',
    isRequired: true,
  },
  {
    name: 'event_types',
    type: 'array',
    example: ['integrated_account:created', 'integrated_account:updated'],
    isRequired: true,
  },
  { name: 'created_at', type: 'string', format: 'date-time', example: '2021-08-10T10:00:00.000Z', isRequired: true },
  { name: 'updated_at', type: 'string', format: 'date-time', example: '2021-08-10T10:00:00.000Z', isRequired: true },
  {
    name: 'secret',
    type: 'string',
    format: 'uuid',
    example: 'd5fac1cb-1820-4da7-bfd8-a6b758bcf8ff',
    isRequired: true,
  },
];

const OBJECT_KEYWORDS = ['type', 'properties', 'required', 'description'];
const FIELD_KEYWORDS = [
  'type',
  'format',
  'description',
  'example',
  'items',
  'enum',
  'default',
  'minItems',
  'maxLength',
];

type Schema = Record<string, unknown>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const service = useService();

describe('POST /webhook in the served document', () => {
  let document: OpenApiDocument;

  beforeAll(async () => {
    document = await fetchDocument(service.url);
  });

  const resolve = (schema: Schema): Schema => {
    const reference = schema['$ref'];
    if (typeof reference !== 'string') return schema;
    expect(Object.keys(schema)).toEqual(['$ref']);
    return document.components!.schemas![reference.replace('#/components/schemas/', '')]!;
  };
  const requestSchema = (): Schema =>
    resolve(document.paths['/webhook']!['post']!.requestBody!.content['application/json']!.schema);
  const responseSchema = (): Schema =>
    resolve(document.paths['/webhook']!['post']!.responses['201']!.content!['application/json']!.schema!);
  const properties = (schema: Schema): Record<string, Schema> => schema['properties'] as Record<string, Schema>;

  describe.each([
    ['request', REQUEST, requestSchema],
    ['response', RESPONSE, responseSchema],
  ])('the %s body', (_, table, schemaOf) => {
    it('is an object of the documented fields, in the documented order', () => {
      const schema = schemaOf();
      expect(schema['type']).toBe('object');
      expect(Object.keys(properties(schema))).toEqual(table.map(({ name }) => name));
      expect(Object.keys(schema).filter((keyword) => !OBJECT_KEYWORDS.includes(keyword))).toEqual([]);
    });

    it('requires the documented fields', () => {
      const required = table.filter(({ isRequired }) => isRequired).map(({ name }) => name);
      expect(schemaOf()['required']).toEqual(required);
    });

    it.each(table)('documents $name with its type, format and example and no other keyword', (field) => {
      const property = resolve(properties(schemaOf())[field.name]!);
      expect(property['type']).toBe(field.type);
      expect(property['format']).toBe(field.format);
      expect(property['example']).toEqual(field.example);
      expect(Object.keys(property).filter((keyword) => !FIELD_KEYWORDS.includes(keyword))).toEqual([]);
    });

    it('names the event types in the documented order', () => {
      const items = resolve(properties(schemaOf())['event_types']!['items'] as Schema);
      expect(items['type']).toBe('string');
      expect(items['enum']).toEqual(EVENT_TYPES);
      const beside = Object.keys(items).filter((keyword) => !['type', 'enum', 'description'].includes(keyword));
      // No keyword: the names that generators give to values which are none in their language.
      expect(beside).toEqual(['x-enum-varnames']);
    });
  });

  it('says what is_active means', () => {
    const { description } = properties(responseSchema())['is_active'] as { description: string };
    expect(description.toLowerCase()).toContain('inactive webhooks will not receive any data');
  });

  it('says the default of is_active, the bound of target_url and that event_types is not empty', () => {
    const { target_url, is_active, event_types } = properties(requestSchema());
    expect(target_url).not.toHaveProperty('format');
    expect(target_url).toHaveProperty('maxLength', 2048);
    // In words: openapi-typescript makes a member of a body required that has the keyword `default`.
    expect(is_active).not.toHaveProperty('default');
    expect(is_active!['description']).toContain('When absent: true.');
    expect(event_types).toHaveProperty('minItems', 1);
  });

  it('keeps environment_id out of the documented body', () => {
    expect(properties(requestSchema())).not.toHaveProperty('environment_id');
  });
});

describe('POST /webhook as it answers', () => {
  it('gives exactly the eight fields in the documented order and form', async () => {
    const { client, environmentId } = await service.tenant();
    const before = Date.now();
    const reply = await client.post<CreatedWebhook>('/webhook', {
      target_url: 'https://example.com/webhook',
      event_types: ['integrated_account:created', 'integrated_account:updated'],
    });
    const webhook = reply.expect(201);
    expect(Object.keys(webhook)).toEqual(RESPONSE.map(({ name }) => name));
    expect(webhook).toEqual({
      id: expect.stringMatching(UUID),
      target_url: 'https://example.com/webhook',
      is_active: true,
      environment_id: environmentId,
      event_types: ['integrated_account:created', 'integrated_account:updated'],
      created_at: expect.stringMatching(INSTANT),
      updated_at: webhook.created_at,
      secret: expect.stringMatching(UUID),
    });
    expect(webhook.id[14]).toBe('7');
    expect(Date.parse(webhook.created_at)).toBeGreaterThanOrEqual(before - 1000);
    expect(Date.parse(webhook.created_at)).toBeLessThanOrEqual(Date.now() + 1000);
  });

  it('names where the webhook is, and forbids to store the secret', async () => {
    const { client } = await service.tenant();
    const reply = await client.post<CreatedWebhook>('/webhook', { target_url: 'https://example.com/webhook' });
    const webhook = reply.expect(201);
    expect(reply.headers['cache-control']).toBe('no-store');
    const location = new URL(reply.headers.location!, service.url);
    expect(location.pathname).toBe(`/webhook/${webhook.id}`);
    expect((await client.get<Webhook>(location.pathname)).expect(200).id).toBe(webhook.id);
  });

  it('lists all types for a webhook that named none', async () => {
    const { client } = await service.tenant();
    const webhook = await client.createWebhook({ target_url: 'https://example.com/webhook' });
    expect(webhook.event_types).toEqual(EVENT_TYPES);
  });

  it('shows the secret in the answer of create and in no other', async () => {
    const { client } = await service.tenant();
    const { secret, ...rest } = await client.createWebhook({ target_url: 'https://example.com/webhook' });
    const read = await client.get<Webhook>(`/webhook/${rest.id}`);
    const listed = await client.get<Page<Webhook>>('/webhook');
    const patched = await client.patch<Webhook>(`/webhook/${rest.id}`, { is_active: true });
    expect(read.expect(200)).toEqual(rest);
    expect(listed.expect(200)).toEqual({ result: [rest], next_cursor: null, limit: 100 });
    expect(patched.expect(200)).toEqual({ ...rest, updated_at: expect.stringMatching(INSTANT) });
    for (const reply of [read, listed, patched]) expect(reply.text).not.toContain(secret);
  });
});
