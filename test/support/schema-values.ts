import fc from 'fast-check';

export type Schema = Record<string, unknown>;

/** Valid values for members and parameters whose schema does not say enough, by name. */
export type Known = Record<string, fc.Arbitrary<unknown>>;

/** Kinds of text that a schema without a pattern allows, and that programs forget. */
const TEXTS = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom('\0', 'a\0b', ' ', '\u202e', "'; DROP TABLE event; --", '%00') },
);

const PAYLOADS = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });

/** RFC 3339, as the format `date-time` is defined, in more than one of its forms. */
const TIMES = fc
  .tuple(
    fc.date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true }),
    fc.constantFrom('.123Z', 'Z', '+05:30', '-11:00', '.5+00:00', '.123456789Z', '-00:00'),
  )
  .map(([date, end]) => `${date.toISOString().slice(0, 19)}${end}`);

/** Makes values that are valid by the schemas of an OpenAPI document. */
export class SchemaValues {
  constructor(
    private readonly schemas: Record<string, Schema>,
    private readonly known: Known,
  ) {}

  /**
   * @param isFull true: every member of an object is there, and every list has items. Otherwise what is not required
   * may be left out.
   */
  valid(schema: Schema, name = '', isFull = false): fc.Arbitrary<unknown> {
    const known = this.known[name];
    if (known) return known;
    const { enum: values, type, ...rest } = this.resolved(schema);
    if (values) return fc.constantFrom(...(values as unknown[]));
    const [kind, ...others] = [type].flat() as string[];
    const value = this.ofKind(kind ?? 'string', rest, isFull);
    return others.includes('null') && !isFull ? fc.option(value, { nil: null, freq: 4 }) : value;
  }

  /** The schema that a reference, alone or in an `allOf` of one, stands for. */
  resolved(schema: Schema): Schema {
    const { $ref, allOf, anyOf, oneOf } = schema as {
      $ref?: string;
      allOf?: Schema[];
      anyOf?: Schema[];
      oneOf?: Schema[];
    };
    if ($ref) return this.resolved(this.schemas[$ref.split('/').at(-1)!]!);
    const first = (allOf ?? anyOf ?? oneOf)?.[0];
    return first ? this.resolved(first) : schema;
  }

  private ofKind(kind: string, schema: Schema, isFull: boolean): fc.Arbitrary<unknown> {
    if (kind === 'boolean') return fc.boolean();
    if (kind === 'integer' || kind === 'number') {
      const { minimum = 0, maximum = 1_000 } = schema as { minimum?: number; maximum?: number };
      return fc.oneof(fc.integer({ min: minimum, max: maximum }), fc.constantFrom(minimum, maximum));
    }
    if (kind === 'array') {
      const { minItems = 0, maxItems = 3 } = schema as { minItems?: number; maxItems?: number };
      const bounds = { minLength: isFull ? Math.max(minItems, 1) : minItems, maxLength: Math.min(maxItems, 3) };
      return fc.array(this.valid(schema['items'] as Schema, '', isFull), bounds);
    }
    if (kind === 'object') return schema['properties'] ? this.object(schema, isFull) : PAYLOADS;
    return text(schema);
  }

  private object(schema: Schema, isFull: boolean): fc.Arbitrary<unknown> {
    const properties = Object.entries(schema['properties'] as Record<string, Schema>);
    const members = properties.map(([name, property]) => [name, this.valid(property, name, isFull)] as const);
    const required = (schema['required'] as string[] | undefined) ?? [];
    return fc.record(Object.fromEntries(members), isFull ? {} : { requiredKeys: required });
  }
}

function text(schema: Schema): fc.Arbitrary<string> {
  const {
    format,
    pattern,
    minLength = 0,
    maxLength = Infinity,
  } = schema as {
    format?: string;
    pattern?: string;
    minLength?: number;
    maxLength?: number;
  };
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') return TIMES;
  const isWithin = (value: string): boolean => {
    // JSON Schema counts characters, not UTF-16.
    const { length } = [...value];
    return length >= minLength && length <= maxLength;
  };
  const form = new RegExp(pattern ?? '', 'u');
  const texts = (pattern === undefined ? TEXTS : fc.stringMatching(form)).filter(isWithin);
  const longest = ['a', '😀'].map((one) => one.repeat(maxLength === Infinity ? 1 : maxLength));
  const valid = longest.filter((value) => form.test(value));
  if (maxLength === Infinity || valid.length === 0) return texts;
  return fc.oneof({ weight: 6, arbitrary: texts }, fc.constantFrom(...valid));
}
