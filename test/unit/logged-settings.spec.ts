import { loadConfig } from '../../src/config/config.js';
import { secretTextsOf } from '../../src/config/secret-texts.js';
import { SETTINGS, type Setting } from '../../src/config/settings.js';
import { explain } from '../../src/explain.js';
import { PinoLogger } from '../../src/observability/logger.js';

const KEYS = [Buffer.alloc(32, 251), Buffer.alloc(32, 7)];

/** Of every secret setting: a value, what of it would give it away, and what beside that has to stay readable. */
const PLANTED: Record<string, { value: string; secrets: string[]; shown?: string[] }> = {
  DATABASE_URL: {
    value: 'postgres://tidings:p%40ss-word@db.internal:5432/events?sslmode=require&sslpassword=key-pass',
    secrets: ['p%40ss-word', 'p@ss-word', 'key-pass'],
    shown: ['tidings', 'db.internal', 'events', 'require'],
  },
  ADMIN_TOKEN: { value: 'admin-token-of-thirty-two-chars-', secrets: [] },
  ENCRYPTION_KEYS: {
    value: KEYS.map((key, index) => `key-${index}:${key.toString('base64')}`).join(),
    secrets: KEYS.flatMap((key) => [key.toString('base64'), key.toString('base64url'), key.toString('hex')]),
    shown: ['key-0', 'key-1'],
  },
  EGRESS_PROXY_URL: {
    value: 'http://tidings:s%2Fecret@proxy.internal:3128',
    secrets: ['s%2Fecret', 's/ecret', Buffer.from('tidings:s/ecret').toString('base64')],
    shown: ['proxy.internal', '3128'],
  },
  OPERATOR_WEBHOOK_URL: {
    value: 'https://chat.example.com/services/T0AB12CD/xyzzy%2Fplugh?to=ops&key=very-hidden',
    secrets: [
      '/services/T0AB12CD/xyzzy%2Fplugh',
      'T0AB12CD',
      'xyzzy%2Fplugh',
      'xyzzy/plugh',
      'key=very-hidden',
      'very-hidden',
    ],
    shown: ['chat.example.com', 'to'],
  },
  OPERATOR_WEBHOOK_SECRET: { value: 'whoever"knows\\this=signs+', secrets: [] },
};

const isSecret = (setting: Setting<unknown>): boolean => setting.isSecret === true;

const config = loadConfig(Object.fromEntries(Object.entries(PLANTED).map(([name, { value }]) => [name, value])));

/** The line that a call leaves, its strings as they were before JSON escaped them. */
function lineOf(log: (logger: PinoLogger) => void): string {
  const lines: string[] = [];
  log(PinoLogger.of(config, { stream: { write: (line: string) => void lines.push(line) } }));
  const texts: string[] = [];
  JSON.parse(lines.join(''), (name, value: unknown) => void texts.push(name, String(value)));
  return texts.join('\n');
}

describe('a secret setting', () => {
  it('is planted here, whichever the table has', () => {
    const names = Object.values(SETTINGS)
      .filter(isSecret)
      .map(({ name }) => name);
    expect(Object.keys(PLANTED).sort()).toEqual(names.sort());
  });

  const planted = Object.entries(PLANTED).flatMap(([name, { value, secrets }]) =>
    [value, ...secrets].map((text): [string, string] => [name, text]),
  );

  it.each(planted)('shows in no line of the log: %s as %s', (_, text) => {
    const quoted = `before ${text} after`;
    const lines = [
      lineOf((logger) => logger.log(quoted, 'Context')),
      lineOf((logger) => logger.log('text', quoted)),
      lineOf((logger) => logger.warn({ msg: quoted, given: quoted, deep: { list: [quoted] } }, 'Context')),
      lineOf((logger) => logger.error(new Error(quoted, { cause: new Error(quoted) }), 'Context')),
      lineOf((logger) => logger.error({ msg: 'failed', err: new AggregateError([new Error(quoted)], quoted) })),
    ];
    for (const line of lines) {
      expect(line).not.toContain(text);
      expect(line).toContain('[redacted]');
      expect(line).toContain('after');
    }
  });

  it.each(planted)('shows in nothing that a start prints which fails: %s as %s', (_, text) => {
    const printed = explain(new Error(`cannot: ${text}`, { cause: new Error(text) }), config);
    expect(printed).not.toContain(text);
    expect(printed).toContain('[redacted]');
  });

  it.each(Object.entries(PLANTED).flatMap(([name, { shown = [] }]) => shown.map((text) => [name, text])))(
    'does not take out what is no secret: of %s %s',
    (_, text) => {
      expect(lineOf((logger) => logger.log(`cannot reach ${text}`, 'Context'))).toContain(text);
    },
  );

  it('that is not set hides nothing', () => {
    expect(secretTextsOf(loadConfig({}))).toEqual([]);
  });
});

describe('a secret that is part of another', () => {
  it('is found whole: nothing of the longer one is left', () => {
    const texts = secretTextsOf(config);
    expect(texts).toEqual([...texts].sort((a, b) => b.length - a.length));
  });
});
