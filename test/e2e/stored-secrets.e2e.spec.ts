import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import type { CreatedWebhook } from '../support/client.js';
import { SERVER_URL, Service } from '../support/process.js';
import { useReceivers } from './receivers.js';

/** All that the database holds: its files as they are, or every row of every table of a server as text. */
async function dumpOf(service: Service): Promise<Buffer> {
  if (!SERVER_URL) {
    await service.kill('SIGTERM');
    const files = readdirSync(join(service.dataDir, 'postgres'), { recursive: true, withFileTypes: true });
    const contents = files
      .filter((file) => file.isFile())
      .map((file) => readFileSync(join(file.parentPath, file.name)));
    return Buffer.concat(contents);
  }
  const client = new pg.Client(service.databaseUrl);
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts: string[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(...rows.map(({ row }) => row));
    }
    return Buffer.from(texts.join('\n'));
  } finally {
    await client.end();
  }
}

/** Plain, or as `bytea` and encoders write it. */
function isIn(dump: Buffer, canary: string): boolean {
  const bytes = Buffer.from(canary);
  return [canary, canary.replaceAll('-', ''), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')].some(
    (form) => dump.includes(form),
  );
}

describe('the database', () => {
  const receivers = useReceivers();

  it('holds no secret and no token that anybody could use', async () => {
    const service = new Service();
    await service.start();
    try {
      const { client, token } = await service.tenant();
      const receiver = await receivers.start();
      const body = { target_url: receiver.url() };
      const headers = { 'idempotency-key': 'one' };
      const webhook = (await client.post<CreatedWebhook>('/webhook', body, { headers })).expect(201);
      const path = `/webhook/${webhook.id}/rotate-secret`;
      const rotated = (await client.post<CreatedWebhook>(path, {}, { headers })).expect(200);
      expect((await client.post<CreatedWebhook>(path, {}, { headers })).expect(200)).toEqual(rotated);
      const marker = 'a-marker-in-a-payload';
      const event = await client.publish('record:created', { marker });
      await receiver.waitFor(1);

      const dump = await dumpOf(service);
      // Those are there: it was all of the database that was looked through.
      for (const present of [marker, SERVER_URL ? webhook.id : webhook.target_url, SERVER_URL ? event.id : marker]) {
        expect([present, dump.includes(present)]).toEqual([present, true]);
      }
      for (const canary of [webhook.secret, rotated.secret, token, service.adminToken]) {
        expect([canary, isIn(dump, canary)]).toEqual([canary, false]);
      }
    } finally {
      await service.stop();
    }
  });

  it.each(['a-planted-canary', '61d9aa70-5a3c-4b0a-9c1e-2f7f0b3f9a11'])('would be found to hold %s', (canary) => {
    const noise = Buffer.alloc(1_000, 'x');
    const forms = [canary, canary.replaceAll('-', ''), Buffer.from(canary).toString('hex')];
    for (const form of forms) expect(isIn(Buffer.concat([noise, Buffer.from(form), noise]), canary)).toBe(true);
    expect(isIn(noise, canary)).toBe(false);
  });
});
