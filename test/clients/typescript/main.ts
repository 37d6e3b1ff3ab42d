import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  Tidings,
  TidingsConnectionError,
  TidingsError,
  unwrap,
  verifyWebhook,
  type Webhook,
  type WebhookEvent,
  type WebhookEventOf,
  WebhookVerificationError,
} from '@tidings/client';

const DEADLINE_MS = 30_000;
const POLL_MS = 20;

/**
 * What a user of the package does, from the first webhook to its end, against a service that runs. It is compiled in a
 * project that has nothing but the package, and run there.
 */
async function main(): Promise<void> {
  // The environment is undefined, which an option may be.
  const { BASE_URL: baseUrl = '', TOKEN: token = '', ENVIRONMENT_ID: environmentId } = process.env;
  const tidings = new Tidings({ baseUrl, token, environmentId });
  const secrets: string[] = [];
  const received: WebhookEvent[] = [];
  const refused: string[] = [];

  const receiver = createServer((request, response) => {
    const verify = async (): Promise<void> => {
      const body = await bytesOf(request);
      try {
        verifyWebhook(request.headers, body, secrets, { signature: 'body' });
        received.push(unwrap(request.headers, body, secrets));
        response.writeHead(204).end();
      } catch (error) {
        if (error instanceof WebhookVerificationError) refused.push(error.reason);
        response.writeHead(401).end();
      }
    };
    verify().catch(() => response.destroy());
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const target_url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

  const webhook = await tidings.webhooks.create({ target_url, event_types: ['record:created', 'record:deleted'] });
  secrets.push(webhook.secret);
  const made = [webhook.id];
  for (let n = 0; n < 4; n++) made.push((await tidings.webhooks.create({ target_url, is_active: false })).id);

  const listed: string[] = [];
  for await (const { id } of tidings.webhooks.list({ limit: 2 })) listed.push(id);
  let pages = 0;
  for await (const page of tidings.webhooks.list({ limit: 2 }).pages()) pages += page.result.length > 0 ? 1 : 0;
  const firstPage = await tidings.webhooks.list({ limit: 2, is_active: false });

  const payload = '{"id":9007199254740993,"name":"é😀"}';
  const single = await tidings.events.publish({ event_type: 'record:created', payload }, { idempotencyKey: 'once' });
  const again = await tidings.events.publish({ event_type: 'record:created', payload }, { idempotencyKey: 'once' });
  const batch = await tidings.events.publishBatch({
    events: [
      { event_type: 'record:deleted', payload: { n: 1 } },
      { event_type: 'sync_job_run:failed', payload: { n: 2 } },
    ],
  });
  await until(() => received.length >= 2);

  const { secret: newSecret } = await tidings.webhooks.rotateSecret(webhook.id);
  secrets.unshift(newSecret);
  await tidings.webhooks.test(webhook.id);
  // During the overlap the old one alone is enough.
  secrets.shift();
  await tidings.webhooks.test(webhook.id, { event_type: 'record:updated' });

  const delivery = await until(async () => {
    const { result } = await tidings.deliveries.list({ event_id: single.id });
    return result[0]?.status === 'succeeded' ? result[0] : undefined;
  });
  const { attempts } = await tidings.deliveries.get(delivery.id);
  const outcomes: Record<string, string | null> = {};
  for await (const { webhook_id, status, reason } of tidings.events.webhooks(batch.result[1]!.id)) {
    outcomes[webhook_id] = status ?? reason;
  }

  const result = {
    node: process.versions.node.split('.')[0],
    isSame: again.id === single.id,
    listsAll: listed.join() === [...made].reverse().join(),
    pages,
    firstPage: { items: firstPage.result.length, hasMore: firstPage.next_cursor !== null },
    batch: batch.result.map(({ event_type }) => event_type),
    received: received.map(titleOf).sort(),
    refused,
    attempts: attempts.map(({ outcome, response }) => `${outcome} ${response?.status}`),
    notSubscribed: outcomes[webhook.id],
    kind: (await tidings.me()).kind,
    types: (await tidings.eventTypes.list()).result.length,
    succeeded: (await tidings.stats({ window: '1h' })).totals.succeeded,
    missed: (await tidings.webhooks.recover(webhook.id, { since: webhook.created_at, dry_run: true })).queued,
    isActive: (await tidings.webhooks.update(webhook.id, { is_active: false })).is_active,
    deleted: (await tidings.webhooks.delete(webhook.id)).id === webhook.id,
    errors: [
      await errorOf(tidings.webhooks.get(webhook.id)),
      await errorOf(tidings.webhooks.create({ target_url: 'no URL' })),
      await errorOf(tidings.environments.list()),
      await errorOf(new Tidings({ baseUrl, token: 'wrong' }).me()),
      await errorOf(new Tidings({ baseUrl: 'http://127.0.0.1:1', token, maxRetries: 0 }).me()),
    ],
    retried: await retried(token),
  };
  receiver.close();
  process.stdout.write(JSON.stringify(result));
}

/** A service that is limited, then breaks the connection, then answers: how often it was asked, and with how many keys. */
async function retried(token: string): Promise<{ tries: number; keys: number; waitedMs: number }> {
  const keys: (string | string[] | undefined)[] = [];
  const times: number[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']);
    times.push(Date.now());
    if (keys.length === 1) response.writeHead(429, { 'retry-after': '1' }).end();
    else if (keys.length === 2) request.socket.destroy();
    else response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Tidings({ baseUrl, token }).events.publish({ event_type: 'record:created', payload: {} });
  server.close();
  return { tries: keys.length, keys: new Set(keys).size, waitedMs: times[1]! - times[0]! };
}

/** Each event has its own type; in the rest the compiler knows what is left. */
function titleOf(event: WebhookEvent): string {
  switch (event.event) {
    case 'record:created': {
      const created: WebhookEventOf<'record:created'> = event;
      return `created ${String(created.payload['name'])}`;
    }
    case 'test':
      return `test of ${event.webhook_id === event.id ? 'nothing' : 'a webhook'}`;
    default: {
      const others: Exclude<WebhookEvent['event'], 'record:created' | 'test'> = event.event;
      return others;
    }
  }
}

/** Never called: the compiler has to refuse each line after a comment. */
export async function refusedByTheCompiler(tidings: Tidings, webhook: Webhook, event: WebhookEvent): Promise<void> {
  // @ts-expect-error There is no such event type.
  await tidings.webhooks.create({ target_url: '', event_types: ['record:renamed'] });
  // @ts-expect-error A target is missing.
  await tidings.webhooks.create({});
  // @ts-expect-error No such filter.
  await tidings.deliveries.list({ state: 'failed' });
  // @ts-expect-error No such window.
  await tidings.stats({ window: '2h' });
  // @ts-expect-error The secret is in the answers of create and rotateSecret alone.
  String(webhook.secret);
  // @ts-expect-error No such event.
  const other: WebhookEventOf<'record:renamed'> = event;
  // @ts-expect-error The count is of a dry run alone.
  String((await tidings.webhooks.recover('', { since: '' })).queued, other);
}

async function errorOf(promise: Promise<unknown> | PromiseLike<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (error instanceof TidingsConnectionError) return error.name;
    if (!(error instanceof TidingsError)) throw error;
    const { status, code, failures, requestId } = error;
    return `${status} ${code} ${failures.map(({ field }) => field).join()} ${requestId ? 'with an id' : ''}`.trim();
  }
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

async function until<Found>(
  probe: () => Promise<Found | undefined | false> | Found | undefined | false,
): Promise<Found> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadlineMs) throw new Error('waited in vain');
    await setTimeout(POLL_MS);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(inspect(error));
  process.exitCode = 1;
});
