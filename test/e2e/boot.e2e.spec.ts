import { jest } from '@jest/globals';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment, Me, Page, Webhook } from '../support/client.js';
import { SERVER_URL, Service } from '../support/process.js';

const TARGET = 'https://example.com/webhook';

// Each story starts processes of its own.
jest.setTimeout(120_000);

describe('starting', () => {
  let service: Service;

  afterEach(async () => {
    await service.stop();
  });

  if (SERVER_URL) {
    it('on an empty server makes no environment and no token', async () => {
      service = new Service({ firstBoot: true });
      await service.start();
      expect((await service.admin.get<Page<Environment>>('/environment')).expect(200).result).toEqual([]);
    });
  } else {
    it('for the first time makes credentials for its owner alone, and an environment to use them in', async () => {
      service = new Service({ firstBoot: true });
      await service.start();
      const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
      expect(modeOf(service.dataDir)).toBe('700');
      for (const name of ['admin-token', 'api-token', 'encryption-keys']) {
        expect(modeOf(join(service.dataDir, name))).toBe('600');
        service.canaries.add(readFileSync(join(service.dataDir, name), 'utf8').trim());
      }
      expect(service.adminToken.length).toBeGreaterThanOrEqual(32);
      expect(service.logs).toContain('api-token');
      expect(service.leakedCanaries()).toEqual([]);

      const { client, environmentId } = await service.defaultTenant();
      const { result } = (await service.admin.get<Page<Environment>>('/environment')).expect(200);
      expect(result.map(({ id, name }) => ({ id, name }))).toEqual([{ id: environmentId, name: 'default' }]);
      const me = (await client.get<Me>('/me')).expect(200);
      expect(me).toMatchObject({ kind: 'api_token', environment_id: environmentId, expires_at: null });
      expect(me.scopes).toHaveLength(6);
    });

    it('on a data directory that another process uses is refused and says so', async () => {
      service = new Service();
      await service.start();
      const halfWritten = join(service.dataDir, '.api-token.0123456789ab');
      writeFileSync(halfWritten, 'by the first one');
      const second = new Service({ env: { DATA_DIR: service.dataDir } });
      try {
        await second.spawnOnly();
        expect((await second.exit()).code).not.toBe(0);
        expect(second.logs).toContain(service.dataDir);
        expect(existsSync(halfWritten)).toBe(true);
        expect((await service.client().get('/health/ready')).status).toBe(200);
      } finally {
        await second.stop();
      }
    });
  }

  if (!SERVER_URL) {
    it('again removes the credential that one that was killed had half written', async () => {
      service = new Service();
      await service.start();
      await service.kill('SIGKILL');
      const halfWritten = join(service.dataDir, '.api-token.0123456789ab');
      writeFileSync(halfWritten, 'tdg_left');
      await service.restart();
      expect(existsSync(halfWritten)).toBe(false);
      (await (await service.defaultTenant()).client.get<Me>('/me')).expect(200);
    });

    it('with bad settings is refused and names every one of them, without the values', async () => {
      const canary = 'not-a-number-7f3a';
      service = new Service({ env: { PORT: canary, MAX_EVENT_BYTES: canary, ADMIN_TOKEN: 'short-7f3a' } });
      await service.spawnOnly();
      expect((await service.exit()).code).not.toBe(0);
      for (const name of ['PORT', 'MAX_EVENT_BYTES', 'ADMIN_TOKEN']) expect(service.logs).toContain(name);
      expect(service.logs).not.toContain('short-7f3a');
    });

    it('with a server but without the credentials that its replicas share is refused and names them', async () => {
      service = new Service({ env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' } });
      await service.spawnOnly();
      expect((await service.exit()).code).not.toBe(0);
      for (const name of ['ADMIN_TOKEN', 'ENCRYPTION_KEYS']) expect(service.logs).toContain(name);
    });
  }

  it('again finds the same credentials and the same webhooks', async () => {
    service = new Service();
    await service.start();
    const { client, environmentId } = await service.defaultTenant();
    const { secret: _, ...webhook } = await client.createWebhook({ target_url: TARGET });
    const { adminToken } = service;
    expect((await service.kill('SIGTERM')).code).toBe(0);
    await service.restart();
    expect(service.adminToken).toBe(adminToken);
    expect((await client.get<Me>('/me')).expect(200).environment_id).toBe(environmentId);
    expect((await client.get<Webhook>(`/webhook/${webhook.id}`)).expect(200)).toEqual(webhook);
    expect((await service.admin.get<Page<Environment>>('/environment')).expect(200).result).toHaveLength(1);
  });

  it('in production takes the safe defaults, and logs nothing but one JSON object per line', async () => {
    service = new Service({ env: { NODE_ENV: 'production', HOST: '127.0.0.1' } });
    await service.start();
    const { client } = await service.tenant();
    for (const target_url of ['http://example.com/', 'https://127.0.0.1/', 'https://localhost/', 'https://[::1]/']) {
      (await client.post('/webhook', { target_url })).expectError(400, 'TARGET_URL_NOT_ALLOWED');
    }
    await client.createWebhook({ target_url: TARGET });
    await service.kill('SIGTERM');
    const lines = service.logs.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});
