import { readFileSync } from 'node:fs';
import { GrownRequests, nameOf } from '../support/grown-requests.js';
import type { OpenApiDocument } from '../support/openapi-conformance.js';

const MAX_BODY_BYTES = 50_000;
const HEAD_LIMIT_BYTES = 16_384;

const document = JSON.parse(readFileSync('openapi.json', 'utf8')) as OpenApiDocument;
const names = {
  tokenFor: () => 'token',
  idFor: () => '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  members: { is_active: false },
};
const requests = new GrownRequests(document, names, MAX_BODY_BYTES).all();

describe('requests that grow', () => {
  it('are made for every operation of the document', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...new Set(requests.map(({ operation }) => operation))]).toEqual(operations);
  });

  it('have names of their own', () => {
    const all = requests.map(nameOf);
    expect(new Set(all).size).toBe(all.length);
  });

  it('grow in every member of a body', () => {
    const places = requests.filter(({ operation }) => operation === 'POST /event/batch').map(({ place }) => place);
    for (const place of ['body', 'body events', 'body events.0', 'body events.0.payload', 'body events.0.event_type']) {
      expect(places).toContain(place);
    }
  });

  it('keep within the limits of the server', () => {
    // One with a body and one with many filters: the others differ in nothing that counts here.
    const some = requests.filter(({ operation }) => ['PATCH /webhook/{id}', 'GET /audit'].includes(operation));
    for (const grown of some) {
      const { method, path, headers, body } = grown.at(grown.limitBytes);
      const head = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n');
      expect(head.length).toBeLessThan(HEAD_LIMIT_BYTES);
      expect(body?.length ?? 0).toBeLessThanOrEqual(MAX_BODY_BYTES);
    }
  });

  it('are valid where their place takes what they grow by', () => {
    const isValid = ({ operation, place, growth, ending }: (typeof requests)[number]): boolean =>
      operation === 'POST /event' && place === 'body payload' && growth === 'many names, zeros' && ending === '';
    const { body, headers } = requests.find(isValid)!.at(2_000);
    const { event_type, payload } = JSON.parse(body!.toString()) as { event_type: string; payload: object };
    expect(event_type).toContain(':');
    expect(Object.keys(payload).length).toBeGreaterThan(100);
    expect(headers).toContainEqual(['Authorization', 'Bearer token']);
  });
});
