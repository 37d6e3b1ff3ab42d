import { fetchDocument, send } from '../support/client.js';
import { useService } from '../support/process.js';

describe('the health probes', () => {
  const service = useService();

  it('tell everybody that the process lives and is ready, and of what', async () => {
    const client = service.client();
    (await client.get('/health/live')).expect(200);
    const { status, checks } = (await client.get<{ status: string; checks: object }>('/health/ready')).expect(200);
    expect(status).toBe('ok');
    expect(Object.keys(checks)).toEqual(['database', 'migrations', 'dispatcher']);
  });
});

describe('the documentation', () => {
  const service = useService();

  it('shows Swagger UI at /docs to everybody, with all it needs from this server', async () => {
    let page = await send(service.url, 'GET', '/docs');
    if (page.headers.location)
      page = await send(service.url, 'GET', new URL(page.headers.location, `${service.url}/docs`).pathname);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.text).toContain('swagger-ui');
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, reference]) => reference!);
    expect(assets.length).toBeGreaterThan(1);
    for (const reference of assets) {
      const asset = new URL(reference, `${service.url}/docs/`);
      expect(asset.origin).toBe(service.url);
      expect({ reference, status: (await send(service.url, 'GET', asset.pathname)).status }).toEqual({
        reference,
        status: 200,
      });
    }
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
