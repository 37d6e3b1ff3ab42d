import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FirstEnvironmentMaker } from '../../src/administration/first-environment-maker.js';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { DatabaseClock } from '../../src/database/database-clock.js';
import { hashToken } from '../../src/auth/bearer-token.js';
import { Environment } from '../../src/auth/environment.entity.js';
import { SCOPES } from '../../src/auth/principal.js';
import { type Config, loadConfig } from '../../src/config/config.js';
import { redactText } from '../../src/observability/redaction.js';
import { auditRows } from '../support/audit-rows.js';
import { ADMIN_TOKEN, createAuthApp } from '../support/auth-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let dataDir: string;
let file: string;

beforeAll(async () => {
  database = await createTestDatabase();
  // The audit trail refuses to be emptied, and these tests begin without environments.
  await database.dataSource.query('ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only');
});

beforeEach(async () => {
  await database.dataSource.query('TRUNCATE environment CASCADE');
  dataDir = mkdtempSync(join(tmpdir(), 'tidings-first-environment-'));
  file = join(dataDir, 'api-token');
});

afterEach(() => {
  rmSync(dataDir, { recursive: true, force: true });
});

afterAll(async () => {
  await database?.close();
});

function embedded(): Config {
  return loadConfig({
    DATA_DIR: dataDir,
    ADMIN_TOKEN,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
  });
}

async function boot(): Promise<void> {
  const app = await createAuthApp(database.dataSource, { config: embedded() });
  await app.close();
}

describe('The first boot on an embedded database', () => {
  it('makes the environment `default` and a token for it that works', async () => {
    const app = await createAuthApp(database.dataSource, { config: embedded() });
    const token = readFileSync(file, 'utf8').trim();
    const me = await app.call('GET', '/me', { token });
    const environments = await app.call('GET', '/environment');
    await app.close();

    expect(me.body).toMatchObject({ name: 'default', scopes: [...SCOPES], expires_at: null });
    expect(environments.body.result).toMatchObject([{ id: me.body.environment_id, name: 'default' }]);
  });

  it('is in the audit trail as the system’s own doing', async () => {
    await boot();
    const [environment] = await database.dataSource.manager.find(Environment);
    const [token] = await database.dataSource.manager.find(ApiToken);
    const made = { environment_id: environment!.id, actor: 'system', action: 'created' };
    expect(await auditRows(database.dataSource)).toMatchObject([
      { ...made, resource_type: 'environment', resource_id: environment!.id },
      { ...made, resource_type: 'api_token', resource_id: token!.id },
    ]);
  });

  it('keeps the token file to its owner', async () => {
    await boot();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('logs how to use the token, in a line that redaction leaves as it is, without the token', async () => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    await new FirstEnvironmentMaker(embedded(), database.dataSource, DatabaseClock.local()).onModuleInit();
    const lines = log.mock.calls.map(([line]) => redactText(String(line), []));
    log.mockRestore();

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`API token is in ${file};`);
    expect(lines[0]).toContain(`Authorization: Bearer $(cat ${file})`);
    expect(lines[0]).not.toContain(readFileSync(file, 'utf8').trim());
  });

  it('happens once', async () => {
    await boot();
    const token = readFileSync(file, 'utf8');
    await boot();
    expect(readFileSync(file, 'utf8')).toBe(token);
    expect(await database.dataSource.manager.count(Environment)).toBe(1);
    expect(await database.dataSource.manager.count(ApiToken)).toBe(1);
  });

  it('is not repeated after the last environment was deleted', async () => {
    const app = await createAuthApp(database.dataSource, { config: embedded() });
    const { body } = await app.call('GET', '/environment');
    expect((await app.call('DELETE', `/environment/${body.result[0]!.id}`)).status).toBe(200);
    await app.close();
    await boot();
    expect(await database.dataSource.manager.count(Environment)).toBe(1);
    expect(await database.dataSource.manager.count(ApiToken)).toBe(0);
  });

  it('is made good when the process died between the file and the commit', async () => {
    writeFileSync(file, 'tdg_of-a-process-that-died\n');
    await boot();
    const [token] = await database.dataSource.manager.find(ApiToken);
    expect(token!.tokenHash).toEqual(hashToken(readFileSync(file, 'utf8').trim()));
  });

  it('leaves no row behind when the file cannot be written', async () => {
    rmSync(dataDir, { recursive: true });
    await expect(
      new FirstEnvironmentMaker(embedded(), database.dataSource, DatabaseClock.local()).onModuleInit(),
    ).rejects.toThrow('ENOENT');
    expect(await database.dataSource.manager.count(Environment)).toBe(0);
  });

  it('makes nothing on a server', async () => {
    await (await createAuthApp(database.dataSource)).close();
    expect(await database.dataSource.manager.count(Environment)).toBe(0);
  });
});
