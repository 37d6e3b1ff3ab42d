import type pg from 'pg';
import { DatabaseSettingsError } from '../common/database-trouble.js';

const REMEDIES: Readonly<Record<string, (setting: SessionSetting) => string>> = {
  database: ({ name, database }) => `ALTER DATABASE ${database} RESET ${name}`,
  user: ({ name, role }) => `ALTER ROLE ${role} RESET ${name}`,
  'database user': ({ name, role, database }) => `ALTER ROLE ${role} IN DATABASE ${database} RESET ${name}`,
  client: ({ name }) => `take ${name} out of the options in DATABASE_URL, or of PGOPTIONS`,
};

interface SessionSetting {
  name: string;
  /** In the base unit: milliseconds for a time. */
  setting: string;
  source: string;
  role: string;
  database: string;
  schema: string | null;
}

interface SettingRule {
  isFit(setting: string): boolean;
  wanted: string;
  /** For when no remedy is known: the value in the configuration file stays for other users. */
  value: string;
}

const is = (...values: [string, ...string[]]): SettingRule => ({
  isFit: (setting) => values.includes(setting),
  wanted: values.join(' or '),
  value: values[0],
});
const not = (value: string, instead: string): SettingRule => ({
  isFit: (setting) => setting !== value,
  wanted: instead,
  value: instead,
});
/** A limit that ends something before Tidings gives it up looks like trouble. */
const offOrAtLeast = (seconds: number): SettingRule => ({
  isFit: (setting) => setting === '0' || Number(setting) >= seconds * 1_000,
  wanted: `0 or at least ${seconds}s`,
  value: '0',
});

/**
 * Without these, statements would mean or return something else. The first four are requested with each connection
 * (deadline-client.ts), which not every pooler respects. PgBouncer does not pass on requests for the others.
 */
const RULES: Readonly<Record<string, SettingRule>> = {
  DateStyle: { isFit: (setting) => setting.startsWith('ISO'), wanted: 'ISO', value: 'ISO' },
  TimeZone: is('UTC', 'Etc/UTC', 'GMT'),
  client_encoding: is('UTF8'),
  standard_conforming_strings: is('on'),
  // Below 1, numbers lose digits, and some times are read as numbers.
  extra_float_digits: { isFit: (setting) => Number(setting) >= 1, wanted: 'at least 1', value: '1' },
  // When it is off, a null in an array becomes the text NULL.
  array_nulls: is('on'),
  // An earlier schema could have its own now().
  search_path: {
    isFit: (setting) => setting.split(',').findIndex((name) => name.trim() === 'pg_catalog') <= 0,
    wanted: 'without a schema before pg_catalog',
    value: 'public',
  },
  default_transaction_isolation: is('read committed'),
  // Without triggers and foreign keys.
  session_replication_role: not('replica', 'origin'),
  // An event that was answered 202 could be lost in a crash of the server.
  synchronous_commit: not('off', 'on'),
  statement_timeout: offOrAtLeast(10),
  lock_timeout: offOrAtLeast(10),
  idle_in_transaction_session_timeout: offOrAtLeast(10),
  transaction_timeout: offOrAtLeast(60),
  // Connections are kept for 10 s.
  idle_session_timeout: offOrAtLeast(20),
};

/** Otherwise a start would seem to work. While Tidings runs, this is reported as `read_only`. */
const RULES_AT_START: Readonly<Record<string, SettingRule>> = { ...RULES, default_transaction_read_only: is('off') };

const FIND_SETTINGS = `
  SELECT name, setting, source, quote_ident(session_user) AS role, quote_ident(current_database()) AS database,
         current_schema() AS schema
    FROM pg_settings WHERE name = ANY ($1)`;

/** @throws DatabaseSettingsError with every wrong setting and how to correct it. */
export function refuseSettings(settings: readonly SessionSetting[], isStart: boolean): void {
  const rules = isStart ? RULES_AT_START : RULES;
  const problems = settings.flatMap((given) => {
    const rule = rules[given.name];
    if (!rule || rule.isFit(given.setting)) return [];
    const { name, role } = given;
    const remedy = REMEDIES[given.source]?.(given) ?? `ALTER ROLE ${role} SET ${name} = '${rule.value}'`;
    return [`${name} must be ${rule.wanted} (${remedy}).`];
  });
  if (problems.length > 0) throw new DatabaseSettingsError(problems);
}

/**
 * Checks each new session before its first use: a change of the database's or the role's settings applies to sessions
 * that begin after it.
 */
export class SessionCheck {
  private schema: string | null | undefined;
  private isStart = true;

  constructor(private readonly timeoutMs: number) {}

  /** From now on a failed check refuses a request, not the start. */
  started(): void {
    this.isStart = false;
  }

  async run(client: pg.ClientBase): Promise<void> {
    const { rows } = await client.query<SessionSetting>({
      text: FIND_SETTINGS,
      values: [Object.keys(RULES_AT_START)],
      query_timeout: this.timeoutMs,
    } as pg.QueryConfig);
    refuseSettings(rows, this.isStart);
    const schema = rows[0]?.schema ?? null;
    this.schema ??= schema;
    if (schema !== this.schema) {
      throw new DatabaseSettingsError([`search_path must lead to ${this.schema}, as at the start, not to ${schema}.`]);
    }
  }
}
