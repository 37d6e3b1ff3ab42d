import { fetchDocument, send } from '../support/client.js';
import { useService } from '../support/process.js';
import { parsePrometheusText, valuesOf } from '../support/prometheus-text.js';

const service = useService();

describe('the health probes', () => {
  it('tell everybody that the process lives and is ready, and of what', async () => {
    const client = service.client();
    (await client.get('/health/live')).expect(200);
    const { status, checks } = (await client.get<{ status: string; checks: object }>('/health/ready')).expect(200);
    expect(status).toBe('ok');
    expect(Object.keys(checks)).toEqual(['database', 'storage', 'migrations', 'dispatcher']);
  });
});

describe('the metrics', () => {
  it('are shown to everybody, in the text format of Prometheus', async () => {
    const { client } = await service.tenant();
    await client.publish('record:created');
    const reply = await send(service.url, 'GET', '/metrics');
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'cache-control': 'no-store',
    });
    const values = valuesOf(parsePrometheusText(reply.text));
    expect(values['tidings_events_accepted_total']).toBeGreaterThanOrEqual(1);
    expect(values['tidings_queue_deliveries{state="due"}']).toBeGreaterThanOrEqual(0);
    expect(values['process_resident_memory_bytes']).toBeGreaterThan(0);
  });
});

describe('the documentation', () => {
  it.each(['/docs', '/docs/'])(
    'shows Swagger UI at %s to everybody, with all it needs from this server',
    async (path) => {
      let address = new URL(path, service.url);
      let page = await send(service.url, 'GET', address.pathname);
      if (page.headers.location) {
        address = new URL(page.headers.location, address);
        page = await send(service.url, 'GET', address.pathname);
      }
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.text).toContain('swagger-ui');
      const references = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference]) => reference!);
      expect(references.length).toBeGreaterThan(1);
      const assets = references.map((reference) => new URL(reference, address));
      expect(assets.filter(({ origin }) => origin !== service.url)).toEqual([]);
      const missing = [];
      for (const { pathname } of assets) {
        if ((await send(service.url, 'GET', pathname)).status !== 200) missing.push(pathname);
      }
      expect(missing).toEqual([]);
    },
  );

  it.each(['', '/', '/index/', '/errors/'])('has the guide at /docs/guide%s, with its style', async (path) => {
    let address = new URL(`/docs/guide${path}`, service.url);
    const { status, headers } = await send(service.url, 'GET', address.pathname);
    expect(status).toBe(302);
    address = new URL(headers.location!, address);
    const page = await send(service.url, 'GET', address.pathname);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    const style = /<link rel="stylesheet" href="([^"]+)"/.exec(page.text)![1]!;
    expect((await send(service.url, 'GET', new URL(style, address).pathname)).status).toBe(200);
  });

  it('serves the document at /openapi.json to everybody, with a bearer scheme for the Authorize button', async () => {
    const reply = await send(service.url, 'GET', '/openapi.json');
    expect(reply.status).toBe(200);
    expect(reply.headers['content-type']).toMatch(/^application\/json/);
    const document = JSON.parse(reply.text) as { components: { securitySchemes: Record<string, object> } };
    expect(Object.values(document.components.securitySchemes)).toEqual([
      expect.objectContaining({ type: 'http', scheme: 'bearer' }),
    ]);
  });

  it.each(['/postman.json', '/postman-environment.json'])(
    'serves %s to everybody, without a token in it',
    async (path) => {
      const reply = await send(service.url, 'GET', path);
      expect(reply.status).toBe(200);
      expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(() => JSON.parse(reply.text) as unknown).not.toThrow();
      for (const token of [service.adminToken, (await service.defaultTenant()).token])
        expect(reply.text).not.toContain(token);
      const { paths } = await fetchDocument(service.url);
      expect(paths).not.toHaveProperty([path]);
    },
  );

  it('describes every operation', async () => {
    const document = await fetchDocument(service.url);
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item)) as unknown as {
      operationId?: string;
      summary?: string;
      tags?: string[];
    }[];
    for (const operation of operations) {
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
    }
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });
});
