import { readFileSync } from 'node:fs';
import type { ApiDocument } from '../../src/openapi/postman/api-document.js';
import { type Collection, postmanCollection } from '../../src/openapi/postman/collection.js';
import { postmanEnvironment } from '../../src/openapi/postman/environment.js';
import { OPERATIONS } from '../support/operations.js';

const read = (): ApiDocument =>
  JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')) as ApiDocument;
const requestsOf = ({ item }: Collection) => item.flatMap((folder) => folder.item);

describe('postmanCollection', () => {
  const collection = postmanCollection(read());
  const requests = requestsOf(collection);
  const request = (name: string) => requests.find((one) => one.name === name)!.request;

  it('has each operation once, in a folder for each tag, with the deletions at the end', () => {
    const names = requests.map(
      ({ request: { method, url } }) => `${method} /${url.path.join('/').replace(':id', '{id}')}`,
    );
    expect(names.toSorted()).toEqual(Object.keys(OPERATIONS).toSorted());
    expect(collection.item.map(({ name }) => name)).toEqual([
      'Webhooks',
      'Events',
      'Deliveries',
      'Administration',
      'Health',
      'Deletions',
    ]);
    const deletions = Object.keys(OPERATIONS).filter((name) => name.startsWith('DELETE '));
    expect(names.slice(-1 - deletions.length, -1).toSorted()).toEqual(deletions.toSorted());
    // Of an environment that was deleted alone.
    expect(names.at(-1)).toBe('GET /environment/{id}/erasure');
  });

  it('deletes what was made last first', () => {
    const deleted = requests.filter(({ request: { method } }) => method === 'DELETE').map(({ name }) => name);
    expect(deleted.indexOf('Delete Webhook')).toBeGreaterThan(deleted.indexOf('Stop Webhook Recovery'));
    expect(deleted.indexOf('Delete Webhook')).toBeGreaterThan(deleted.indexOf('Clear Webhook Health'));
    expect(deleted.indexOf('Delete Environment')).toBeGreaterThan(deleted.indexOf('Revoke API Token'));
  });

  it('has what is optional, and off', () => {
    for (const {
      name,
      request: { url, header },
    } of requests) {
      const on = [...url.query, ...header].filter(({ disabled }) => !disabled).map(({ key }) => key);
      expect({ name, on: on.filter((key) => key !== 'Content-Type') }).toEqual({ name, on: [] });
    }
    const names = request('List Webhooks').url.query.map(({ key }) => key);
    expect(names).toEqual(expect.arrayContaining(['limit', 'environment_id', 'state']));
    expect(request('Create Webhook').header.map(({ key }) => key)).toEqual(['Content-Type', 'Idempotency-Key']);
  });

  it('has the token of the operation: one of an environment, the admin token, or none', () => {
    expect(collection.auth).toEqual({ type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] });
    const authOf = (name: string) => JSON.stringify(request(name).auth ?? 'inherited');
    expect(authOf('Create Webhook')).toBe('"inherited"');
    expect(authOf('Get Token')).toBe('"inherited"');
    expect(authOf('Create Environment')).toContain('{{admin_token}}');
    expect(authOf('Get Metrics')).toBe('{"type":"noauth"}');
  });

  it('keeps the ids that later requests name', () => {
    const scripts = requests.flatMap(({ name, event }) => {
      const kept = /set\('(\w+)'/.exec(event[0]!.script.exec.join('\n'))?.[1];
      return kept ? [`${name}: ${kept}`] : [];
    });
    expect(scripts.toSorted()).toEqual([
      'Create API Token: api_token_id',
      'Create Environment: environment_id',
      'Create Webhook: webhook_id',
      'List Deliveries: delivery_id',
      'Publish Event: event_id',
    ]);
    const known = collection.variable.map(({ key }) => key);
    const used = new Set([...JSON.stringify(collection).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!));
    const given = postmanEnvironment('any', 'http://here').values.map(({ key }) => key);
    expect([...used].filter((name) => !known.includes(name) && !given.includes(name))).toEqual([]);
    for (const { value } of collection.variable) expect(value).toBe('');
  });

  it('asks in each request for the documented status', () => {
    const document = read();
    for (const { name, event } of requests) {
      const operation = Object.values(document.paths)
        .flatMap((item) => Object.values(item))
        .find(({ summary }) => summary === name)!;
      const statuses = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
      expect(event[0]!.script.exec[0]).toContain(`oneOf([${statuses.join(', ')}])`);
    }
  });

  it('sends bodies that act on what the run has made, and no key of somebody else', () => {
    const bodyOf = (name: string) => JSON.parse(request(name).body!.raw) as Record<string, unknown>;
    expect(bodyOf('Create Webhook')).toEqual({ target_url: '{{target_url}}', is_active: true });
    expect(bodyOf('Send Test Event')).toEqual({ id: '{{webhook_id}}' });
    expect(bodyOf('Create API Token')).toMatchObject({ environment_id: '{{environment_id}}' });
    expect(bodyOf('Create Environment')).toEqual({ name: expect.any(String), allow_duplicate_name: true });
    expect(Object.keys((bodyOf('Publish Event Batch')['events'] as object[])[0]!)).toEqual(['event_type', 'payload']);
  });

  it('is the same for the same document, each request under an id of its own', () => {
    expect(postmanCollection(read())).toEqual(collection);
    const ids = [collection.info._postman_id, ...collection.item.map(({ id }) => id), ...requests.map(({ id }) => id)];
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('leaves out no operation for its tag: one that the document does not describe has a folder, too', () => {
    const document = read();
    document.tags = document.tags.filter(({ name }) => name !== 'Health');
    delete document.paths['/metrics']!['get']!.tags;
    const folders = postmanCollection(document).item.map(({ name, item }) => [name, item.map((one) => one.name)]);
    expect(folders.slice(-3, -1)).toEqual([
      ['Health', ['Get Liveness', 'Get Readiness']],
      ['Other', ['Get Metrics']],
    ]);
  });
});

describe('postmanEnvironment', () => {
  it('has the address of the service, and no token', () => {
    const { values } = postmanEnvironment('Tidings', 'https://hooks.example.com');
    const of = Object.fromEntries(values.map(({ key, value, type }) => [key, { value, type }]));
    expect(of).toEqual({
      base_url: { value: 'https://hooks.example.com', type: 'default' },
      token: { value: '', type: 'secret' },
      admin_token: { value: '', type: 'secret' },
      target_url: { value: expect.stringMatching(/^https:/), type: 'default' },
    });
  });
});
