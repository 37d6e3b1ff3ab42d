import { OperatorError } from '../common/operator-error.js';
import { opensEverything, parseAddressRange } from './address-range.js';
import { accepted, refused, type Parsed } from './setting-type.js';
import {
  defaultOf,
  fileVariableOf,
  LEAST_POOL_SIZE,
  SETTINGS,
  type Circumstances,
  type Setting,
  type SettingKey,
  type Settings,
} from './settings.js';
import { readTextFile } from './text-file.js';

const FIRST_OPEN_PORT = 1024;

/** Gives `Config` a property for each setting of the table, so that none is written twice. */
const SettingValues = class {
  constructor(values: Settings) {
    Object.assign(this, values);
  }
} as new (values: Settings) => Settings;

/** All settings, validated. After the start nothing else is read from the environment. */
export class Config extends SettingValues {
  get isProduction(): boolean {
    return this.nodeEnv === 'production';
  }

  with(changes: Partial<Settings>): Config {
    return new Config(Object.assign({}, this, changes));
  }
}

export interface ConfigProblem {
  name: string;
  /** Continues the name: `must be …`. */
  reason: string;
}

export class ConfigError extends OperatorError {
  constructor(readonly problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ name, reason }) => `  ${name} ${reason}`);
    super(`Tidings cannot start with these settings (docs/configuration.md):\n${lines.join('\n')}`);
  }
}

/** A rule about several settings. Settings that could not be read are absent. */
export type ConfigRule = (settings: Partial<Settings>) => ConfigProblem[];

/**
 * Reads the settings from environment variables, and secret ones also from the files that `<NAME>_FILE` names.
 *
 * @param rules rules of higher modules, which config may not import.
 * @param needsCredentials false for programs that neither serve nor sign. Default: true.
 * @throws ConfigError naming every bad setting.
 */
export function loadConfig(
  variables: NodeJS.ProcessEnv,
  rules: readonly ConfigRule[] = [],
  { needsCredentials = true }: { needsCredentials?: boolean } = {},
): Config {
  const { env, unreadable, problems } = withSecretFiles(variables);
  const circumstances = circumstancesOf(env);
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of Object.keys(SETTINGS) as SettingKey[]) {
    if (unreadable.has(key)) continue;
    const parsed = readSetting(key, env, circumstances);
    if (parsed.ok) values[key] = parsed.value;
    else problems.push({ name: SETTINGS[key].name, reason: parsed.reason });
  }
  if (env[SETTINGS.workers.name] === 'auto') limitWorkers(values);
  const readable = values as Partial<Settings>;
  problems.push(
    ...(needsCredentials ? missingCredentials(env) : []),
    ...unreachableLimit(env, readable),
    ...waitsBeyondStop(env, readable),
    ...outlivingEvents(readable),
    ...unsignedOperations(readable),
    ...workersWithoutServer(env, readable),
    ...workersWithoutShare(readable),
    ...rules.flatMap((rule) => rule(readable)),
    ...(circumstances.isProduction ? [...openRanges(readable), ...openPorts(readable)] : []),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return new Config(values as Settings);
}

interface GivenSettings {
  /** With the contents of files, as if they had been set. A file that could not be read counts as empty. */
  env: NodeJS.ProcessEnv;
  unreadable: ReadonlySet<SettingKey>;
  problems: ConfigProblem[];
}

function withSecretFiles(variables: NodeJS.ProcessEnv): GivenSettings {
  const env = { ...variables };
  const unreadable = new Set<SettingKey>();
  const problems: ConfigProblem[] = [];
  for (const key of Object.keys(SETTINGS) as SettingKey[]) {
    const setting: Setting<unknown> = SETTINGS[key];
    const variable = fileVariableOf(setting);
    const path = variable === null ? undefined : variables[variable];
    if (variable === null || path === undefined) continue;
    const read =
      variables[setting.name] === undefined
        ? readTextFile(path)
        : refused(`must not be set beside ${setting.name}: give one of the two`);
    if (!read.ok) {
      unreadable.add(key);
      problems.push({ name: variable, reason: read.reason });
    }
    env[setting.name] = read.ok ? read.value : '';
  }
  return { env, unreadable, problems };
}

/** If a setting that defaults depend on is bad, the stricter value is used. */
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
  // The table's types say what each parser returns; a loop over its keys loses that.
  const parsed = (text === null ? accepted(null) : setting.type.parse(text)) as Parsed<Settings[K]>;
  if (parsed.ok || setting.isSecret || text === null) return parsed;
  return refused(`${parsed.reason}, not ${shown(text)}`);
}

/** Replicas must have the same credentials, so none may create its own with a shared database. */
function missingCredentials(env: NodeJS.ProcessEnv): ConfigProblem[] {
  const { databaseUrl, adminToken, encryptionKeys } = SETTINGS;
  if (env[databaseUrl.name] === undefined) return [];
  return [adminToken, encryptionKeys]
    .filter(({ name }) => env[name] === undefined)
    .map(({ name }) => ({ name, reason: 'is required beside DATABASE_URL: all replicas must have the same one' }));
}

/** Only a limit that was set can be a mistake: the default adapts to a smaller body. */
function unreachableLimit(
  env: NodeJS.ProcessEnv,
  { maxEventBytes = 0, maxBodyBytes = Infinity }: Partial<Settings>,
): ConfigProblem[] {
  const { name } = SETTINGS.maxEventBytes;
  if (env[name] === undefined || maxEventBytes <= maxBodyBytes) return [];
  const limit = `${SETTINGS.maxBodyBytes.name}, which is ${maxBodyBytes} bytes`;
  return [{ name, reason: `must be at most ${limit}, not ${maxEventBytes}: an event arrives in a body` }];
}

/**
 * Only a wait that was set can be a mistake: whoever stops in less than the default has asked for what a stop cuts off.
 */
function waitsBeyondStop(
  env: NodeJS.ProcessEnv,
  { acceptWaitMs = 0, shutdownTimeoutMs = Infinity }: Partial<Settings>,
): ConfigProblem[] {
  const { acceptWaitMs: setting, shutdownTimeoutMs: limit } = SETTINGS;
  if (env[setting.name] === undefined || acceptWaitMs === 0 || acceptWaitMs < shutdownTimeoutMs) return [];
  const times = `${limit.name}, which is ${env[limit.name] ?? limit.default}, not ${env[setting.name]}`;
  return [{ name: setting.name, reason: `must be less than ${times}: a stop would cut off requests that still wait` }];
}

/** If an event outlived its deliveries, nobody could tell what became of it. */
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

/** `auto` takes no more workers than DATABASE_POOL_SIZE has connections for. */
function limitWorkers(values: Partial<Record<SettingKey, unknown>>): void {
  const { workers, databasePoolSize } = values as Partial<Settings>;
  if (workers === undefined || databasePoolSize === undefined) return;
  values.workers = Math.min(workers, Math.floor(databasePoolSize / LEAST_POOL_SIZE));
}

function workersWithoutServer(env: NodeJS.ProcessEnv, { workers = 1 }: Partial<Settings>): ConfigProblem[] {
  if (workers === 1 || env[SETTINGS.databaseUrl.name] !== undefined) return [];
  const { workers: setting, databaseUrl } = SETTINGS;
  const reason = `must be 1 without ${databaseUrl.name}, not ${shown(env[setting.name]!)}: the embedded database belongs to one process`;
  return [{ name: setting.name, reason }];
}

/** What has to be at least 1, or 3 connections, for each worker. */
function workersWithoutShare(settings: Partial<Settings>): ConfigProblem[] {
  const { workers = 1 } = settings;
  if (workers === 1) return [];
  const least = { databasePoolSize: LEAST_POOL_SIZE, inFlightLimit: 1, inFlightPerWebhook: 1 };
  return (Object.keys(least) as (keyof typeof least)[])
    .filter((key) => (settings[key] ?? Infinity) < least[key] * workers)
    .map((key) => ({
      name: SETTINGS[key].name,
      reason: `must be at least ${least[key] * workers} with ${SETTINGS.workers.name}=${workers}, not ${settings[key]}: the workers share it`,
    }));
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

/** Mail, databases and administration listen below 1024. The operator must name such a port by itself. */
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
