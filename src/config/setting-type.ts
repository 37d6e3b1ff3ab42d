import { availableParallelism } from 'node:os';

/** A reason continues the setting's name. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

export interface SettingType<T> {
  /** In words, with range and unit, for the documentation. */
  form: string;
  /** Never puts the text into the reason: it can be a secret. */
  parse(text: string): Parsed<T>;
  /** Texts that would give a secret value away. Absent: the value itself. */
  secretsIn?(value: T): readonly string[];
}

export function accepted<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}

export function oneOf<const T extends string>(...choices: T[]): SettingType<T> {
  const form = choices.map((choice) => `\`${choice}\``).join(', ');
  const reason = `must be one of ${choices.join(', ')}`;
  return {
    form,
    parse: (text) => {
      const choice = choices.find((candidate) => candidate === text);
      return choice === undefined ? refused(reason) : accepted(choice);
    },
  };
}

export function boolean(): SettingType<boolean> {
  const choice = oneOf('true', 'false');
  return {
    form: choice.form,
    parse: (text) => {
      const parsed = choice.parse(text);
      return parsed.ok ? accepted(parsed.value === 'true') : parsed;
    },
  };
}

/** Decimal digits; no sign, no leading zeros, no exponent. */
export function integer({ min, max, unit }: { min: number; max: number; unit?: string }): SettingType<number> {
  const range = `${min} to ${max}${unit ? ` ${unit}` : ''}`;
  return {
    form: `whole number, ${range}`,
    parse: (text) => {
      const value = /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? accepted(value) : refused(`must be a whole number from ${range}`);
    },
  };
}

/** `auto` is the number of cores that this process may use. */
export function workerCount({ max }: { max: number }): SettingType<number> {
  const count = integer({ min: 1, max });
  return {
    form: `\`auto\` or ${count.form}`,
    parse: (text) => {
      if (text === 'auto') return accepted(Math.min(max, availableParallelism()));
      return count.parse(text).ok ? count.parse(text) : refused(`must be auto or a whole number from 1 to ${max}`);
    },
  };
}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Such as `500ms`, `20s`, `5m`, `24h` or `7d`, as milliseconds. `min` and `max` have the same form. */
export function duration({ min, max }: { min: string; max: string }): SettingType<number> {
  const [minMs, maxMs] = [durationMs(min), durationMs(max)];
  return {
    form: `duration, ${min} to ${max}`,
    parse: (text) => {
      const value = durationMs(text);
      return value >= minMs && value <= maxMs
        ? accepted(value)
        : refused(`must be a duration from ${min} to ${max}, a whole number with ms, s, m, h or d`);
    },
  };
}

/** NaN when the text is not a duration, so that it is in no range. */
function durationMs(text: string): number {
  const [, amount, unit] = /^(0|[1-9]\d{0,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  return amount === undefined ? Number.NaN : Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Separated by commas, with white space around them ignored. The empty text is the list without members. */
export function list<T>(member: SettingType<T>, { min = 0, max = 1000 } = {}): SettingType<T[]> {
  return {
    form: `list: ${member.form}`,
    parse: (text) => {
      const texts = text.trim() === '' ? [] : text.split(',').map((part) => part.trim());
      if (texts.length < min) return refused(`must have at least ${min === 1 ? 'one member' : `${min} members`}`);
      if (texts.length > max) return refused(`must have at most ${max} members`);
      const values: T[] = [];
      for (const [index, part] of texts.entries()) {
        const parsed = part === '' ? refused('must not be empty') : member.parse(part);
        if (!parsed.ok) return refused(`member ${index + 1} ${parsed.reason}`);
        values.push(parsed.value);
      }
      return accepted(values);
    },
    ...(member.secretsIn && { secretsIn: (values: T[]) => values.flatMap((value) => member.secretsIn!(value)) }),
  };
}
