import type { Schema, SchemaValues } from './schema-values.js';

/** A value that is broken in one place. */
export interface Breakage {
  /** Where: `events.0.event_type`; empty: the whole. */
  at: string;
  /** What stands there; undefined: nothing. */
  given: unknown;
  /** The whole. */
  value: unknown;
}

/** Of every kind that JSON has: what is of the right one is no breakage, and is left out by whoever validates. */
const OF_EVERY_KIND: readonly unknown[] = [
  null,
  true,
  false,
  0,
  7,
  1.5,
  -1,
  'text',
  [],
  ['text'],
  [null],
  {},
  { a: 1 },
];

/** Texts that break an enum, a format, a pattern or a length somewhere; elsewhere they are valid, and are left out. */
export const ODD_TEXTS: readonly string[] = [
  '',
  'a\0b',
  ' ',
  'nonsense',
  'null',
  'true',
  'TRUE',
  '0',
  '-1',
  '1.5',
  '1e2',
  '1001',
  '999999999999999999999',
  'é',
  'record:created ',
  'RECORD:CREATED',
  'PENDING',
  'pending,failed',
  '00000000-0000-7000-8000-00000000000',
  '00000000000070008000000000000000',
  '{00000000-0000-7000-8000-000000000000}',
  '2021-08-10',
  '2021-08-10T10:00Z',
  '2021-08-10T10:00:00',
  '2021-02-30T10:00:00Z',
  '2021-08-10T25:00:00Z',
  '2021-08-10T10:00:00+99:00',
  '1628589600',
  'yesterday',
  'ftp://example.com/',
  'https://',
  'https://example.com/ space',
  'https://user:password@example.com/',
  'https://example.com/#fragment',
];

/** The value, which is valid and full, broken in every place that the schema knows, in one place at a time. */
export function breakagesOf(values: SchemaValues, schema: Schema, value: unknown, at = ''): Breakage[] {
  const resolved = values.resolved(schema);
  const whole = [...OF_EVERY_KIND, ...ownBreakages(resolved, value)].map((broken) => ({
    at,
    given: broken,
    value: broken,
  }));
  if (Array.isArray(value)) {
    const [first, ...others] = value as unknown[];
    const within = breakagesOf(values, resolved['items'] as Schema, first, join(at, '0'));
    return [...whole, ...within.map((breakage) => ({ ...breakage, value: [breakage.value, ...others] }))];
  }
  const { properties, additionalProperties } = resolved as {
    properties?: Record<string, Schema>;
    additionalProperties?: boolean;
  };
  if (!properties || typeof value !== 'object' || value === null) return whole;
  const within = Object.entries(properties).flatMap(([name, property]) => {
    const { [name]: member, ...others } = value as Record<string, unknown>;
    const broken = breakagesOf(values, property, member, join(at, name));
    const left = { at: join(at, name), given: undefined, value: others };
    return [left, ...broken.map((breakage) => ({ ...breakage, value: { ...value, [name]: breakage.value } }))];
  });
  const unknown = { at: join(at, 'unknown_member'), given: 1, value: { ...value, unknown_member: 1 } };
  return additionalProperties === true ? [...whole, ...within] : [...whole, ...within, unknown];
}

/** What only breaks this schema. */
function ownBreakages(schema: Schema, value: unknown): unknown[] {
  const { minimum, maximum, maxLength, maxItems } = schema as Record<string, number | undefined>;
  const broken: unknown[] = [];
  if (minimum !== undefined) broken.push(minimum - 1, minimum + 0.5, -1e21);
  if (maximum !== undefined) broken.push(maximum + 1, 1e21);
  if (maxLength !== undefined) broken.push('a'.repeat(maxLength + 1));
  if (maxItems !== undefined && Array.isArray(value))
    broken.push(Array.from({ length: maxItems + 1 }, () => value[0] as unknown));
  return [schema['type']].flat().includes('string') ? [...broken, ...ODD_TEXTS] : broken;
}

function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`;
}
