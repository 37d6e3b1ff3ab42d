import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, type Config } from '../../src/config/config.js';
import {
  createCredential,
  readCredential,
  sweepCredentials,
  writeCredential,
} from '../../src/config/credential-file.js';
import { CREDENTIAL_FILES, resolveCredentials } from '../../src/config/first-boot.js';

const TOKEN = 'admin-token-of-thirty-two-chars-';
const modeOf = (path: string): number => statSync(path).mode & 0o777;

let parent: string;
let dataDir: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tidings-first-boot-'));
  dataDir = join(parent, 'nested', 'data');
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('resolveCredentials', () => {
  const config = (env: NodeJS.ProcessEnv = {}): Config => loadConfig({ DATA_DIR: dataDir, ...env });

  it('makes both credentials at the first boot, for the owner alone', async () => {
    const resolved = await resolveCredentials(config());
    expect(resolved.adminToken).toMatch(/^tdg_admin_[\w-]{43}$/);
    expect(resolved.encryptionKeys).toHaveLength(1);
    expect(resolved.encryptionKeys[0]!.key).toHaveLength(32);
    expect(modeOf(dataDir)).toBe(0o700);
    expect(readdirSync(dataDir).toSorted()).toEqual(['admin-token', 'encryption-keys']);
    for (const file of readdirSync(dataDir)) expect(modeOf(join(dataDir, file))).toBe(0o600);
    expect(readFileSync(join(dataDir, 'admin-token'), 'utf8')).toBe(`${resolved.adminToken}\n`);
  });

  it('keeps every other setting', async () => {
    const given = config({ PORT: '4000', NODE_ENV: 'production' });
    const { adminToken, encryptionKeys, ...rest } = Object.assign({}, await resolveCredentials(given));
    expect({ ...rest, adminToken: null, encryptionKeys: null }).toEqual({ ...Object.assign({}, given) });
    expect([adminToken, encryptionKeys]).not.toContain(null);
  });

  it('reads them again at the next boot', async () => {
    const first = await resolveCredentials(config());
    const second = await resolveCredentials(config());
    expect(second.adminToken).toBe(first.adminToken);
    expect(second.encryptionKeys).toEqual(first.encryptionKeys);
  });

  it('gives two processes that start at once the same credentials', async () => {
    const boots = await Promise.all(Array.from({ length: 5 }, () => resolveCredentials(config())));
    expect(new Set(boots.map(({ adminToken }) => adminToken)).size).toBe(1);
    expect(new Set(boots.map(({ encryptionKeys }) => encryptionKeys[0]!.id)).size).toBe(1);
    expect(readdirSync(dataDir).toSorted()).toEqual(['admin-token', 'encryption-keys']);
  });

  it('writes nothing when both are given', async () => {
    const ENCRYPTION_KEYS = `k1:${Buffer.alloc(32, 7).toString('base64')}`;
    const resolved = await resolveCredentials(config({ ADMIN_TOKEN: TOKEN, ENCRYPTION_KEYS }));
    expect(resolved.adminToken).toBe(TOKEN);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('makes only the one that is not given', async () => {
    const resolved = await resolveCredentials(config({ ADMIN_TOKEN: TOKEN }));
    expect(resolved.adminToken).toBe(TOKEN);
    expect(readdirSync(dataDir)).toEqual(['encryption-keys']);
  });

  it('takes a keyring that an operator has extended', async () => {
    mkdirSync(dataDir, { recursive: true });
    const keys = [1, 2].map((n) => `k${n}:${Buffer.alloc(32, n).toString('base64')}`);
    await writeCredential(dataDir, 'encryption-keys', keys.join(','));
    const { encryptionKeys } = await resolveCredentials(config());
    expect(encryptionKeys.map(({ id }) => id)).toEqual(['k1', 'k2']);
  });

  it('refuses files that hold something else, names both and shows neither', async () => {
    mkdirSync(dataDir, { recursive: true });
    writeFileSync(join(dataDir, 'admin-token'), 'canary');
    writeFileSync(join(dataDir, 'encryption-keys'), '');
    const failure: unknown = await resolveCredentials(config()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    const { problems, message } = failure as ConfigError;
    expect(problems.map(({ name }) => name)).toEqual(['ADMIN_TOKEN', 'ENCRYPTION_KEYS']);
    expect(message).toContain(join(dataDir, 'admin-token'));
    expect(message).not.toContain('canary');
    expect(readFileSync(join(dataDir, 'admin-token'), 'utf8')).toBe('canary');
  });
});

describe('credential files', () => {
  beforeEach(() => mkdirSync(dataDir, { recursive: true }));

  it('are null while they are not there', async () => {
    expect(await readCredential(dataDir, 'api-token')).toBeNull();
  });

  it('replace an older one whole, for the owner alone', async () => {
    writeFileSync(join(dataDir, 'api-token'), 'older', { mode: 0o644 });
    await writeCredential(dataDir, 'api-token', 'newer');
    expect(await readCredential(dataDir, 'api-token')).toBe('newer');
    expect(modeOf(join(dataDir, 'api-token'))).toBe(0o600);
    expect(readdirSync(dataDir)).toEqual(['api-token']);
  });

  it('stay as they are when they are only to be created', async () => {
    expect(await createCredential(dataDir, 'api-token', 'first')).toBe('first');
    expect(await createCredential(dataDir, 'api-token', 'second')).toBe('first');
    expect(readdirSync(dataDir)).toEqual(['api-token']);
  });

  it('are swept of what a killed process left half written, and of nothing else', async () => {
    const left = ['.api-token.0123456789ab', '.encryption-keys.ffffffffffff'];
    const kept = [
      'api-token',
      'lock',
      '.api-token',
      '.api-token.0123456789AB',
      '.api-token.0123456789abc',
      '.api-token.0123456789ab.old',
      'x.api-token.0123456789ab',
      '.other-token.0123456789ab',
    ];
    for (const name of [...left, ...kept]) writeFileSync(join(dataDir, name), 'value');
    mkdirSync(join(dataDir, '.admin-token.0123456789ab'));
    await sweepCredentials(dataDir, Object.values(CREDENTIAL_FILES));
    expect(readdirSync(dataDir).toSorted()).toEqual([...kept, '.admin-token.0123456789ab'].toSorted());
  });

  it('leave nothing behind when they cannot be placed', async () => {
    mkdirSync(join(dataDir, 'api-token', 'in-the-way'), { recursive: true });
    await expect(writeCredential(dataDir, 'api-token', 'value')).rejects.toThrow();
    expect(readdirSync(dataDir)).toEqual(['api-token']);
  });
});
