import { randomUUID } from 'node:crypto';
import type { CreatedWebhook } from '../support/client.js';
import { SERVER_URL, useService } from '../support/process.js';
import { verifiedSignatures } from '../support/receiver.js';
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
});
