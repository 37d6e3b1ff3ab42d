import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { jest } from '@jest/globals';
import { fetchDocument, type ApiClient, type EventHead } from '../support/client.js';
import { steadyResidentBytes } from '../support/proc.js';
import { useService } from '../support/process.js';
import { RequestArbitraries, type FuzzedRequest } from '../support/request-arbitraries.js';
import { useReceivers } from './receivers.js';

/** Another one each time; FUZZ_SEED repeats one, which a failure prints. FUZZ_REQUESTS looks longer. */
const SEED = Number(process.env['FUZZ_SEED'] ?? randomInt(2 ** 31 - 1));
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 2_000);
const MEBIBYTE = 1_048_576;
const GROWTH_LIMIT_BYTES = 256 * MEBIBYTE;

jest.setTimeout(REQUESTS * 100 + 60_000);

describe('requests made from the document', () => {
  const service = useService();
  const receivers = useReceivers();

  it('get an answer that the document has, and never a 5xx', async () => {
    const { client, environmentId } = await service.tenant();
    const { environmentId: anotherId } = await service.tenant();
    const receiver = await receivers.start();
    const webhooks: string[] = [];
    // Some, because requests delete them.
    for (let made = 0; made < 20; made += 1)
      webhooks.push((await client.createWebhook({ target_url: receiver.url() })).id);
    const event = await client.publish('record:created');
    const delivery = (await client.deliveries())[0]!;
    const ids = fc.oneof(fc.constantFrom(...webhooks, event.id, delivery.id, anotherId), fc.uuid());
    const known = {
      id: ids,
      webhook_id: ids,
      event_id: ids,
      environment_id: fc.constant(environmentId),
      target_url: fc.constantFrom(receiver.url('/fuzz'), 'https://10.0.0.1/', 'not a url'),
      next_cursor: fc.constantFrom('', 'bm90IGEgY3Vyc29y', event.id),
      limit: fc.constantFrom('1', '1000', '1001', '0', '-1', '1.5', 'ten'),
    };
    const requests = new RequestArbitraries(await fetchDocument(service.url), known);
    const before = await steadyResidentBytes(service.pid);
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests.any(), fc.boolean(), async (request, isAdmin) => {
        // The admin token acts in an environment that the request has to name.
        const path = `${request.path}${request.path.includes('?') ? '&' : '?'}environment_id=${environmentId}`;
        const status = await (isAdmin ? answerTo(service.admin, { ...request, path }) : answerTo(client, request));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      { seed: SEED, numRuns: REQUESTS, endOnFailure: true },
    );
    expect([...statuses.keys()].filter((status) => status < 300).length).toBeGreaterThan(1);
    expect((await steadyResidentBytes(service.pid)) - before).toBeLessThan(GROWTH_LIMIT_BYTES);
    expect(service.isRunning).toBe(true);
  });
});

/** Throws when the answer does not conform: the client sees to that. */
async function answerTo(client: ApiClient, { method, path, headers, rawBody }: FuzzedRequest): Promise<number> {
  const reply = await client.request<{ id?: string }>(method, path, {
    headers,
    ...(rawBody === undefined ? {} : { rawBody }),
  });
  if (reply.status >= 500) throw new Error(`${method} ${path} answered ${reply.status}: ${reply.text}`);
  if (reply.status === 202 && method === 'POST' && /^\/event(\?|$)/.test(path)) {
    await expectAsWritten(client, JSON.parse(reply.text) as EventHead, rawBody!);
  }
  return reply.status;
}

/** The payload is the text that was sent, to the byte. */
async function expectAsWritten(client: ApiClient, event: EventHead, rawBody: Buffer): Promise<void> {
  const { text } = await client.get(`/event/${event.id}?environment_id=${event.environment_id}`);
  const payload = JSON.stringify((JSON.parse(rawBody.toString()) as { payload: unknown }).payload);
  if (!text.includes(`"payload":${payload}`)) throw new Error(`sent ${rawBody.toString()}\nread ${text}`);
}
