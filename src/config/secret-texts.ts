import type { Config } from './config.js';
import { SETTINGS, type Setting, type SettingKey } from './settings.js';

/** A shorter text is found in unrelated words, and keeps nobody out. */
const MIN_LENGTH = 4;

/**
 * All texts that would give a secret setting away. The longest comes first, so that it is found whole when it holds
 * another.
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
