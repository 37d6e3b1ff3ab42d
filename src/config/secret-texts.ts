import type { Config } from './config.js';
import { SETTINGS, type Setting, type SettingKey } from './settings.js';

/** A shorter text is found in words that have nothing to do with it, and keeps nobody out. */
const MIN_LENGTH = 4;

/**
 * All texts that would give a secret setting away, the longest first: what holds another is found whole. A setting is
 * secret because the table says so; of which parts, its type knows.
 */
export function secretTextsOf(config: Config): string[] {
  const texts = (Object.keys(SETTINGS) as SettingKey[]).flatMap((key) => {
    const setting: Setting<unknown> = SETTINGS[key];
    const value = config[key];
    return setting.isSecret && value !== null ? textsOf(setting, value) : [];
  });
  return [...new Set(texts)].filter(({ length }) => length >= MIN_LENGTH).sort((a, b) => b.length - a.length);
}

function textsOf({ name, type }: Setting<unknown>, value: unknown): readonly string[] {
  if (type.secretsIn) return type.secretsIn(value);
  if (typeof value === 'string') return [value];
  throw new Error(`The type of ${name} does not say what of it is secret`);
}
