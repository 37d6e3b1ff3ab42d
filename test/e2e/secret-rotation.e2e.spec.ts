import { randomUUID } from 'node:crypto';
import type { ApiClient, CreatedWebhook, Page, WebhookSecret } from '../support/client.js';
import { SERVER_URL, useService } from '../support/process.js';
import { verifiedSignatures } from '../support/receiver.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

describe('rotating a secret', () => {
  const service = useService();
  const receivers = useReceivers();

  const setUp = async () => {
    const { client } = await service.tenant();
    const receiver = await receivers.start();
    const webhook = await client.createWebhook({ target_url: receiver.url() });
    const rotate = async (body?: unknown): Promise<CreatedWebhook> =>
      (await client.post<CreatedWebhook>(`/webhook/${webhook.id}/rotate-secret`, body)).expect(200);
    /** Which signatures of a new delivery each secret verifies. */
    const verifiedBy = async (...secrets: string[]) => {
      receiver.clear();
      await client.publish('record:created');
      const [request] = await receiver.waitFor(1);
      return secrets.map((secret) => verifiedSignatures(request!, secret));
    };
    return { client, receiver, webhook, rotate, verifiedBy };
  };

  const BOTH = { standard: true, body: true };
  const STANDARD = { standard: true, body: false };
  const NEITHER = { standard: false, body: false };

  it('answers with the webhook and its new secret, which no cache may keep', async () => {
    const { client, webhook } = await setUp();
    const reply = await client.post<CreatedWebhook>(`/webhook/${webhook.id}/rotate-secret`, {});
    const rotated = reply.expect(200);
    expect(Object.keys(rotated)).toEqual(Object.keys(webhook));
    expect({ ...rotated, secret: '', updated_at: '' }).toEqual({ ...webhook, secret: '', updated_at: '' });
    expect(rotated.secret).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(rotated.secret).not.toBe(webhook.secret);
    expect(rotated.updated_at > webhook.updated_at).toBe(true);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect((await client.get(`/webhook/${webhook.id}`)).expect(200)).not.toHaveProperty('secret');
  });

  it('has both secrets verify for the overlap, and the old one the body signature', async () => {
    const { webhook, rotate, verifiedBy } = await setUp();
    const rotated = await rotate();
    expect(await verifiedBy(webhook.secret, rotated.secret)).toEqual([BOTH, STANDARD]);
  });

  it('has only the new one verify after the overlap', async () => {
    const { webhook, rotate, verifiedBy } = await setUp();
    const rotated = await rotate({ overlap_seconds: 1 });
    expect(await verifiedBy(webhook.secret, rotated.secret)).toEqual([BOTH, STANDARD]);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await verifiedBy(webhook.secret, rotated.secret)).toEqual([NEITHER, BOTH]);
  });

  it('without an overlap ends the old ones at once', async () => {
    const { webhook, rotate, verifiedBy } = await setUp();
    const second = await rotate();
    const third = await rotate({ overlap_seconds: 0 });
    expect(await verifiedBy(webhook.secret, second.secret, third.secret)).toEqual([NEITHER, NEITHER, BOTH]);
  });

  it('never lengthens the time of an older secret', async () => {
    const { webhook, rotate, verifiedBy } = await setUp();
    const second = await rotate({ overlap_seconds: 1 });
    const third = await rotate({ overlap_seconds: 60 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await verifiedBy(webhook.secret, second.secret, third.secret)).toEqual([NEITHER, BOTH, STANDARD]);
  });

  it('is refused while five secrets are live, until they are ended', async () => {
    const { client, webhook, rotate } = await setUp();
    for (let live = 1; live < 5; live += 1) await rotate({ overlap_seconds: 604_800 });
    const path = `/webhook/${webhook.id}/rotate-secret`;
    (await client.post(path, { overlap_seconds: 1 })).expectError(409, 'SECRET_LIMIT_REACHED');
    await rotate({ overlap_seconds: 0 });
    await rotate();
  });

  it.each([-1, 604_801, 1.5, '60', null, true])('refuses an overlap of %j', async (overlap_seconds) => {
    const { client, webhook } = await setUp();
    const path = `/webhook/${webhook.id}/rotate-secret`;
    const { details } = (await client.post(path, { overlap_seconds })).expectError(400, 'VALIDATION_FAILED');
    expect(details!.failures![0]).toMatchObject({ field: 'overlap_seconds' });
  });

  it('asks for an own webhook and the scope to write', async () => {
    const { webhook } = await setUp();
    const other = await service.tenant();
    (await other.client.post(`/webhook/${webhook.id}/rotate-secret`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    (await other.client.post(`/webhook/${randomUUID()}/rotate-secret`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    const reader = await service.tenant(['webhook:read']);
    (await reader.client.post(`/webhook/${webhook.id}/rotate-secret`)).expectError(403, 'FORBIDDEN');
  });

  it('makes a repeat of the creation a conflict only once the first secret is erased', async () => {
    const { client, receiver } = await setUp();
    const headers = { 'idempotency-key': randomUUID() };
    const body = { target_url: receiver.url() };
    const created = (await client.post<CreatedWebhook>('/webhook', body, { headers })).expect(201);
    const path = `/webhook/${created.id}/rotate-secret`;
    (await client.post(path)).expect(200);
    expect((await client.post<CreatedWebhook>('/webhook', body, { headers })).expect(201).secret).toBe(created.secret);
    (await client.post(path, { overlap_seconds: 0 })).expect(200);
    (await client.post('/webhook', body, { headers })).expectError(409, 'IDEMPOTENCY_CONFLICT');
  });

  if (SERVER_URL) {
    it('is in force on every replica when it is answered', async () => {
      const { token, client } = await service.tenant();
      const replica = await service.startReplica();
      const receiver = await receivers.start();
      const webhook = await client.createWebhook({ target_url: receiver.url() });
      const onReplica = replica.client(token);
      let secret = webhook.secret;
      for (let round = 0; round < 10; round += 1) {
        // The replica has just read the webhook as it was.
        await onReplica.publish('record:created');
        await receiver.waitFor(1);
        const path = `/webhook/${webhook.id}/rotate-secret`;
        ({ secret } = (await client.post<CreatedWebhook>(path, { overlap_seconds: 0 })).expect(200));
        receiver.clear();
        await onReplica.publish('record:created');
        const [request] = await receiver.waitFor(1);
        expect(verifiedSignatures(request!, secret)).toEqual(BOTH);
        receiver.clear();
      }
    });
  }

  describe('with an Idempotency-Key', () => {
    const keyed = async () => {
      const { client, webhook, rotate, receiver } = await setUp();
      const headers = { 'idempotency-key': randomUUID() };
      const path = `/webhook/${webhook.id}/rotate-secret`;
      const send = (body: unknown = {}, at = path) => client.post<CreatedWebhook>(at, body, { headers });
      const secrets = async (): Promise<WebhookSecret[]> =>
        (await client.get<Page<WebhookSecret>>(`/webhook/${webhook.id}/secret`)).expect(200).result;
      return { client, webhook, rotate, receiver, path, send, secrets };
    };

    it('gives the same answer again, byte for byte, and makes one secret', async () => {
      const { send, secrets } = await keyed();
      const first = await send({ overlap_seconds: 60 });
      first.expect(200);
      for (let repeat = 0; repeat < 2; repeat += 1) {
        const again = await send({ overlap_seconds: 60 });
        again.expect(200);
        expect(again.text).toBe(first.text);
        expect(again.headers['cache-control']).toBe('no-store');
      }
      expect(await secrets()).toHaveLength(2);
    });

    it('takes an overlap that is spelled out for the default, and refuses another, and another webhook', async () => {
      const { client, receiver, send } = await keyed();
      const first = (await send()).expect(200);
      expect((await send({ overlap_seconds: 86_400 })).expect(200)).toEqual(first);
      (await send({ overlap_seconds: 60 })).expectError(409, 'IDEMPOTENCY_CONFLICT');
      const other = await client.createWebhook({ target_url: receiver.url() });
      (await send({}, `/webhook/${other.id}/rotate-secret`)).expectError(409, 'IDEMPOTENCY_CONFLICT');
    });

    it('gives requests that race the one answer', async () => {
      const { send, secrets } = await keyed();
      const answers = await Promise.all(Array.from({ length: 6 }, () => send()));
      expect(new Set(answers.map((answer) => (answer.expect(200), answer.text))).size).toBe(1);
      expect(await secrets()).toHaveLength(2);
    });

    it('still does so after the next rotation, while the secret signs, and is a conflict once it does not', async () => {
      const { send, rotate } = await keyed();
      const first = (await send()).expect(200);
      await rotate();
      expect((await send()).expect(200)).toEqual(first);
      await rotate({ overlap_seconds: 1 });
      // The secret has ended then, whether it is wiped or not.
      await until('the overlap to be over', async () => (await send()).status === 409);
      const { message } = (await send()).expectError(409, 'IDEMPOTENCY_CONFLICT');
      expect(message).toContain('no longer in use');
    });

    it('is free again when the rotation was refused', async () => {
      const { send, rotate, secrets } = await keyed();
      for (let live = 1; live < 5; live += 1) await rotate();
      (await send()).expectError(409, 'SECRET_LIMIT_REACHED');
      await rotate({ overlap_seconds: 0 });
      (await send()).expect(200);
      expect(await secrets()).toHaveLength(2);
    });

    it('finds no webhook that was deleted', async () => {
      const { client, webhook, send } = await keyed();
      (await send()).expect(200);
      (await client.delete(`/webhook/${webhook.id}`)).expect(200);
      (await send()).expectError(404, 'WEBHOOK_NOT_FOUND');
    });
  });

  describe('leaves secrets that are listed', () => {
    const listed = async (client: ApiClient, id: string, query = ''): Promise<Page<WebhookSecret>> =>
      (await client.get<Page<WebhookSecret>>(`/webhook/${id}/secret${query}`)).expect(200);

    it('newest first, with their times and never with themselves', async () => {
      const { client, webhook, rotate } = await setUp();
      const begun = Date.now();
      const rotated = await rotate({ overlap_seconds: 60 });
      const page = await listed(client, webhook.id);
      expect(page).toEqual({
        result: [
          { id: expect.any(String), created_at: rotated.updated_at, expires_at: null },
          { id: expect.any(String), created_at: webhook.created_at, expires_at: expect.any(String) },
        ],
        next_cursor: null,
        limit: 100,
      });
      const endsInMs = Date.parse(page.result[1]!.expires_at!) - Date.parse(rotated.updated_at);
      expect(endsInMs).toBe(60_000);
      expect(Date.parse(page.result[0]!.created_at)).toBeGreaterThan(begun - 60_000);
      expect(JSON.stringify(page)).not.toContain(rotated.secret);
      expect(JSON.stringify(page)).not.toContain(webhook.secret);
    });

    it('page by page, and no longer once they have ended', async () => {
      const { client, webhook, rotate } = await setUp();
      await rotate();
      await rotate();
      const { result } = await listed(client, webhook.id);
      const first = await listed(client, webhook.id, '?limit=2');
      const second = await listed(client, webhook.id, `?limit=2&next_cursor=${first.next_cursor}`);
      expect([...first.result, ...second.result]).toEqual(result);
      expect(second).toMatchObject({ next_cursor: null, limit: 2, result: [expect.anything()] });
      await rotate({ overlap_seconds: 0 });
      expect((await listed(client, webhook.id)).result).toHaveLength(1);
    });

    it('to whoever may read the webhook alone', async () => {
      const { webhook } = await setUp();
      const other = await service.tenant();
      (await other.client.get(`/webhook/${webhook.id}/secret`)).expectError(404, 'WEBHOOK_NOT_FOUND');
      const writer = await service.tenant(['webhook:write']);
      (await writer.client.get(`/webhook/${webhook.id}/secret`)).expectError(403, 'FORBIDDEN');
    });
  });
});
