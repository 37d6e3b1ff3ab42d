import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, ConfigError, loadConfig } from '../../src/config/config.js';
import { type Setting, type SettingKey, SETTINGS } from '../../src/config/settings.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OPERATOR = { OPERATOR_WEBHOOK_URL: 'https://example.com/', OPERATOR_WEBHOOK_SECRET: 'x'.repeat(24) };

/** A value of every secret setting, and what it needs beside it. */
const VALUES: Record<string, { value: string; beside?: Record<string, string> }> = {
  DATABASE_URL: {
    value: 'postgres://tidings:hidden@db/tidings',
    beside: { ADMIN_TOKEN: 'a'.repeat(32), ENCRYPTION_KEYS: `k:${KEY}` },
  },
  ADMIN_TOKEN: { value: 'admin-token-of-thirty-two-chars-' },
  ENCRYPTION_KEYS: { value: `k1:${KEY}` },
  EGRESS_PROXY_URL: { value: 'http://tidings:hidden@proxy.internal:3128' },
  OPERATOR_WEBHOOK_URL: {
    value: 'https://example.com/?key=hidden',
    beside: { OPERATOR_WEBHOOK_SECRET: OPERATOR.OPERATOR_WEBHOOK_SECRET },
  },
  OPERATOR_WEBHOOK_SECRET: {
    value: 'whoever-knows-this-signs-',
    beside: { OPERATOR_WEBHOOK_URL: OPERATOR.OPERATOR_WEBHOOK_URL },
  },
};
const NAMES = (Object.values(SETTINGS) as Setting<unknown>[])
  .filter(({ isSecret }) => isSecret === true)
  .map(({ name }) => name);

describe('a secret setting in a file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidings-secret-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const file = (content: string | Buffer, name = 'secret'): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  const problemsOf = (env: NodeJS.ProcessEnv): Record<string, string> => {
    try {
      loadConfig(env);
    } catch (error) {
      if (error instanceof ConfigError) {
        return Object.fromEntries(error.problems.map(({ name, reason }) => [name, reason]));
      }
      throw error;
    }
    throw new Error('the settings were taken');
  };
  const valueOf = (config: Config, name: string): unknown => {
    const key = (Object.keys(SETTINGS) as SettingKey[]).find((each) => SETTINGS[each].name === name)!;
    return config[key];
  };

  it.each(NAMES)('is %s as if it were set, without the newline at the end', (name) => {
    const { value, beside } = VALUES[name]!;
    const wanted = valueOf(loadConfig({ [name]: value, ...beside }), name);
    for (const end of ['', '\n', '\r\n']) {
      const config = loadConfig({ [`${name}_FILE`]: file(value + end), ...beside });
      expect([end, valueOf(config, name)]).toEqual([end, wanted]);
    }
  });

  it.each(NAMES)('%s is refused beside the setting itself, and shown neither way', (name) => {
    const { value, beside } = VALUES[name]!;
    const problems = problemsOf({ [name]: value, [`${name}_FILE`]: file(`${value}x`), ...beside });
    expect(problems).toEqual({ [`${name}_FILE`]: `must not be set beside ${name}: give one of the two` });
  });

  it('loses one newline and nothing else', () => {
    const problems = problemsOf({ ADMIN_TOKEN_FILE: file(`${VALUES['ADMIN_TOKEN']!.value}\n\n`) });
    expect(Object.keys(problems)).toEqual(['ADMIN_TOKEN']);
  });

  it('may be a link, as Kubernetes makes them', () => {
    const link = join(directory, 'link');
    symlinkSync(file(VALUES['ADMIN_TOKEN']!.value), link);
    expect(loadConfig({ ADMIN_TOKEN_FILE: link }).adminToken).toBe(VALUES['ADMIN_TOKEN']!.value);
  });

  it('is not for settings that are no secret', () => {
    expect(loadConfig({ PORT_FILE: file('4000') }).port).toBe(3000);
  });

  it.each<[string, () => string, string]>([
    ['is not there', () => join(directory, 'absent'), 'names a file that is not there: '],
    ['lies below a file', () => join(file('x'), 'absent'), 'names a file that is not there: '],
    ['is a directory', () => directory, 'names what is not a regular file: '],
    ['never ends', () => '/dev/zero', 'names what is not a regular file: '],
    ['is a pipe that nobody writes into', () => pipe(), 'names what is not a regular file: '],
    ['is too large', () => file(Buffer.alloc(131_073, 'a')), 'names a file of more than 131072 bytes: '],
    ['is not UTF-8', () => file(Buffer.from([0xff, 0xfe])), 'names a file that is not text in UTF-8: '],
  ])('that %s is named', (_, pathOf, reason) => {
    const path = pathOf();
    const problems = problemsOf({ ADMIN_TOKEN_FILE: path, ENCRYPTION_KEYS_FILE: path, DATABASE_URL_FILE: path });
    const told = reason + path;
    expect(problems).toEqual({ ADMIN_TOKEN_FILE: told, ENCRYPTION_KEYS_FILE: told, DATABASE_URL_FILE: told });
  });

  it('that this user may not read is named', () => {
    const path = file('x');
    chmodSync(path, 0);
    // Root may read all.
    if (process.getuid!() === 0) return expect(problemsOf({ ADMIN_TOKEN_FILE: path })).toHaveProperty('ADMIN_TOKEN');
    expect(problemsOf({ ADMIN_TOKEN_FILE: path })).toEqual({
      ADMIN_TOKEN_FILE: `names a file that this user may not read: ${path}`,
    });
  });

  it.each(['ADMIN_TOKEN', 'DATABASE_URL', 'ENCRYPTION_KEYS'])(
    'is not shown when %s itself stands where its file belongs',
    (name) => {
      const { value } = VALUES[name]!;
      const problems = problemsOf({ [`${name}_FILE`]: value });
      expect(Object.keys(problems)).toContain(`${name}_FILE`);
      expect(JSON.stringify(problems)).not.toContain(value);
    },
  );

  it('that holds something else is refused without a word of it', () => {
    const problems = problemsOf({
      ADMIN_TOKEN_FILE: file('canary-5e1f'),
      DATABASE_URL_FILE: file('canary-5e1f', 'url'),
    });
    expect(Object.keys(problems).sort()).toEqual(['ADMIN_TOKEN', 'DATABASE_URL', 'ENCRYPTION_KEYS']);
    expect(JSON.stringify(problems)).not.toContain('canary');
  });

  const pipe = (): string => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    return path;
  };
});
