import { readFileSync } from 'node:fs';
import { operationsWithoutSecrets } from '../../src/openapi/operations-without-secrets.js';

/** What creates or shows a secret, by hand from the contract. */
const WITH_SECRET = ['POST /api-token', 'POST /webhook', 'POST /webhook/:id/rotate-secret'];

const read = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) as object;

describe('operationsWithoutSecrets', () => {
  it.each(['openapi.json', 'openapi-3.0.json'])('of %s are all but those that create a secret', (name) => {
    const document = read(name) as { paths: Record<string, object> };
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const without = operationsWithoutSecrets(document);
    expect(operations.filter((operation) => !without.has(operation)).sort()).toEqual(WITH_SECRET);
    expect(without.size).toBe(operations.length - WITH_SECRET.length);
  });

  const schemas = {
    Plain: { type: 'object', properties: { id: { type: 'string' }, self: { $ref: '#/components/schemas/Plain' } } },
    Secret: { type: 'object', properties: { secret: { type: 'string' } } },
    Page: { type: 'object', properties: { result: { type: 'array', items: { $ref: '#/components/schemas/Secret' } } } },
    Either: { anyOf: [{ $ref: '#/components/schemas/Plain' }, { $ref: '#/components/schemas/Page' }] },
    Named: { allOf: [{ type: 'object', properties: { ACCESS_TOKEN: { type: 'string' } } }] },
    Map: { type: 'object', additionalProperties: { $ref: '#/components/schemas/Secret' } },
  };
  const withoutSecrets = (schema: object): boolean => {
    const responses = { 200: { content: { 'application/json': { schema } } } };
    const document = { paths: { '/thing/{id}': { get: { responses } } }, components: { schemas } };
    return operationsWithoutSecrets(document).has('GET /thing/:id');
  };

  it('looks behind references, into lists, unions and maps, at every answer', () => {
    expect(withoutSecrets({ $ref: '#/components/schemas/Plain' })).toBe(true);
    for (const name of ['Secret', 'Page', 'Either', 'Named', 'Map']) {
      expect({ name, is: withoutSecrets({ $ref: `#/components/schemas/${name}` }) }).toEqual({ name, is: false });
    }
  });

  it('knows nothing of an operation that is not documented', () => {
    expect(operationsWithoutSecrets({ paths: {} }).has('GET /thing/:id')).toBe(false);
  });
});
