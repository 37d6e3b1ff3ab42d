import { Injectable } from '@nestjs/common';
import { opensEverything, parseAddressRange } from './address-range.js';
import { accepted, refused, type Parsed } from './setting-type.js';
import { defaultOf, SETTINGS, type Circumstances, type Setting, type SettingKey, type Settings } from './settings.js';

/** Below it are the ports that only the system's own services may listen on. */
const FIRST_OPEN_PORT = 1024;

/** Gives `Config` a property for each setting of the table, so that none is written twice. */
const SettingValues = class {
  constructor(values: Settings) {
    Object.assign(this, values);
  }
} as new (values: Settings) => Settings;

/** Every setting, validated. Nothing else of the environment is read after the start. */
@Injectable()
export class Config extends SettingValues {
  get isProduction(): boolean {
    return this.nodeEnv === 'production';
  }

  with(changes: Partial<Settings>): Config {
    return new Config(Object.assign({}, this, changes));
  }
}

/** A setting that stops the start. */
export interface ConfigProblem {
  /** The environment variable. */
  name: string;
  /** Reads on after the name: `must be …`. */
  reason: string;
}

/** Names every bad setting with the reason, so that one start shows all there is to correct. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ name, reason }) => `  ${name} ${reason}`);
    super(`Tidings cannot start with these settings (docs/configuration.md):\n${lines.join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** What settings have to fulfil together. Those that could not be read are absent. */
export type ConfigRule = (settings: Partial<Settings>) => ConfigProblem[];

/**
 * Reads the settings from environment variables; other variables are ignored.
 *
 * @param rules of those that config cannot ask, because they stand above it.
 * @throws ConfigError naming every bad setting.
 */
export function loadConfig(env: NodeJS.ProcessEnv, rules: readonly ConfigRule[] = []): Config {
  const circumstances = circumstancesOf(env);
  const values: Partial<Record<SettingKey, unknown>> = {};
  const problems: ConfigProblem[] = [];
  for (const key of Object.keys(SETTINGS) as SettingKey[]) {
    const parsed = readSetting(key, env, circumstances);
    if (parsed.ok) values[key] = parsed.value;
    else problems.push({ name: SETTINGS[key].name, reason: parsed.reason });
  }
  const readable = values as Partial<Settings>;
  problems.push(
    ...missingCredentials(env),
    ...unreachableLimit(env, readable),
    ...outlivingEvents(readable),
    ...unsignedOperations(readable),
    ...rules.flatMap((rule) => rule(readable)),
    ...(circumstances.isProduction ? [...openRanges(readable), ...openPorts(readable)] : []),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return new Config(values as Settings);
}

/** What the defaults depend on. Where that is itself bad, the stricter reading stands in. */
function circumstancesOf(env: NodeJS.ProcessEnv): Circumstances {
  const strict = { isProduction: true, isHttpAllowed: false };
  const nodeEnv = readSetting('nodeEnv', env, strict);
  const isProduction = !nodeEnv.ok || nodeEnv.value === 'production';
  const isHttpAllowed = readSetting('targetUrlAllowHttp', env, { ...strict, isProduction });
  return { isProduction, isHttpAllowed: isHttpAllowed.ok && isHttpAllowed.value };
}

function readSetting<K extends SettingKey>(
  key: K,
  env: NodeJS.ProcessEnv,
  circumstances: Circumstances,
): Parsed<Settings[K]> {
  const setting: Setting<unknown> = SETTINGS[key];
  const text = env[setting.name] ?? defaultOf(setting, circumstances);
  // The table's types say what each parser gives; a loop over its keys cannot carry that along.
  const parsed = (text === null ? accepted(null) : setting.type.parse(text)) as Parsed<Settings[K]>;
  if (parsed.ok || setting.isSecret || text === null) return parsed;
  return refused(`${parsed.reason}, not ${shown(text)}`);
}

/** Replicas must agree on the credentials, so none of them may make its own beside a database that others share. */
function missingCredentials(env: NodeJS.ProcessEnv): ConfigProblem[] {
  const { databaseUrl, adminToken, encryptionKeys } = SETTINGS;
  if (env[databaseUrl.name] === undefined) return [];
  return [adminToken, encryptionKeys]
    .filter(({ name }) => env[name] === undefined)
    .map(({ name }) => ({ name, reason: 'is required beside DATABASE_URL: all replicas must have the same one' }));
}

/** Only a limit that was given can be a mistake: the default gives way to a smaller body. */
function unreachableLimit(
  env: NodeJS.ProcessEnv,
  { maxEventBytes = 0, maxBodyBytes = Infinity }: Partial<Settings>,
): ConfigProblem[] {
  const { name } = SETTINGS.maxEventBytes;
  if (env[name] === undefined || maxEventBytes <= maxBodyBytes) return [];
  const limit = `${SETTINGS.maxBodyBytes.name}, which is ${maxBodyBytes} bytes`;
  return [{ name, reason: `must be at most ${limit}, not ${maxEventBytes}: an event arrives in a body` }];
}

/** An event that outlived its deliveries could be read, but nobody could tell what became of it. */
function outlivingEvents({ eventRetentionDays, retentionDays = Infinity }: Partial<Settings>): ConfigProblem[] {
  if ((eventRetentionDays ?? 0) <= retentionDays) return [];
  const { eventRetentionDays: setting, retentionDays: limit } = SETTINGS;
  const reason = `must be at most ${limit.name}, which is ${retentionDays} days, not ${eventRetentionDays}`;
  return [{ name: setting.name, reason }];
}

function unsignedOperations({ operatorWebhookUrl, operatorWebhookSecret }: Partial<Settings>): ConfigProblem[] {
  if (typeof operatorWebhookUrl !== 'string' || operatorWebhookSecret !== null) return [];
  const { operatorWebhookUrl: url, operatorWebhookSecret: secret } = SETTINGS;
  return [{ name: secret.name, reason: `is required with ${url.name}: every delivery is signed` }];
}

function openRanges({ egressAllow = [] }: Partial<Settings>): ConfigProblem[] {
  return egressAllow
    .filter((text) => {
      const range = parseAddressRange(text);
      return range.ok && opensEverything(range.value);
    })
    .map((text) => ({
      name: SETTINGS.egressAllow.name,
      reason: `must not hold ${text} in production: it is wider than any private range`,
    }));
}

/** Mail, databases and administration answer below 1024. Whoever means one of those ports can name it. */
function openPorts({ targetPorts = [] }: Partial<Settings>): ConfigProblem[] {
  return targetPorts
    .filter(({ from, to }) => from < FIRST_OPEN_PORT && from < to)
    .map(({ from, to }) => ({
      name: SETTINGS.targetPorts.name,
      reason: `must not hold ${from}-${to} in production: name ports below ${FIRST_OPEN_PORT} one by one`,
    }));
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
