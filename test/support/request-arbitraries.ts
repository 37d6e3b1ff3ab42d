import fc from 'fast-check';
import type { OpenApiDocument } from './openapi-conformance.js';

type Schema = Record<string, unknown>;

/** One request: the body as it is sent, or none. */
export interface FuzzedRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  rawBody: Buffer | undefined;
}

/** Valid values for members whose schema does not say enough, by name. */
export type Known = Record<string, fc.Arbitrary<unknown>>;

const TEXTS = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', 'a\0b', '\ud800', '\udc00x', '__proto__', 'constructor', "'; DROP TABLE event; --", '‮', '%00'),
  fc.constantFrom('a'.repeat(300), 'é'.repeat(5_000), '9'.repeat(400), '-1', '1e400', 'null', 'NaN', ' ', ''),
);

const NUMBERS = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, -1, 1e21, 2 ** 53, -(2 ** 63), 1.5, 1e308),
);

/** Anything that JSON can say, within reason. */
const ANY_JSON: fc.Arbitrary<unknown> = fc.oneof(
  TEXTS,
  NUMBERS,
  fc.constantFrom(null, true, false, [], {}, [[[]]], [null]),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Bodies that are no JSON, or not what a parser expects of it. */
const ODD_BODIES: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .constantFrom(
      '',
      ' ',
      '{',
      '{"a":1',
      '[]',
      'null',
      '1',
      '"text"',
      '{}{}',
      '{"name":"a","name":"b"}',
      '{"__proto__":{"admin":true}}',
      '{"constructor":{"prototype":{}}}',
      '\ufeff{}',
      '{"a":1,}',
      "{'a':1}",
      `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
      `{"payload":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`,
      `{"name":"${'a'.repeat(100_000)}"}`,
    )
    .map((text) => Buffer.from(text)),
  fc.constantFrom(
    Buffer.from([0xff, 0xfe, 0x7b, 0x00]),
    Buffer.from('{"name":"\xff"}', 'latin1'),
    Buffer.from([0xed, 0xa0, 0x80]),
  ),
);

const CONTENT_TYPES = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'APPLICATION/JSON',
  'application/merge-patch+json',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'nonsense',
  ';',
);

/** Makes requests for the operations of a document: right ones, almost right ones, and others. */
export class RequestArbitraries {
  constructor(
    private readonly document: OpenApiDocument,
    private readonly known: Known,
  ) {}

  any(): fc.Arbitrary<FuzzedRequest> {
    const operations = Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method, path] as const),
    );
    return fc.constantFrom(...operations).chain(([method, path]) => this.of(method, path));
  }

  private of(method: string, path: string): fc.Arbitrary<FuzzedRequest> {
    const operation = this.document.paths[path]![method]!;
    const schema = operation.requestBody?.content['application/json']?.schema;
    const names = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    return fc
      .record({
        id: fc.oneof({ weight: 3, arbitrary: this.known['id']! }, { weight: 1, arbitrary: TEXTS }),
        query: this.query(names),
        body: schema ? this.body(schema) : fc.constant(undefined),
        key: fc.option(fc.oneof(fc.uuid(), fc.constantFrom('', ' ', 'a'.repeat(256), 'é')), { freq: 4 }),
        contentType: fc.oneof({ weight: 9, arbitrary: fc.constant('application/json') }, CONTENT_TYPES),
      })
      .map(({ id, query, body, key, contentType }) => ({
        method: method.toUpperCase(),
        path: path.replace('{id}', encodeURIComponent(wellFormed(String(id)))) + query,
        headers: {
          ...(key !== null && isHeaderValue(key) ? { 'idempotency-key': key } : {}),
          ...(body ? { 'content-type': contentType } : {}),
        },
        rawBody: body,
      }));
  }

  private query(names: readonly string[]): fc.Arbitrary<string> {
    const name = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...names, 'limit') },
      fc.constantFrom('a[b]', '__proto__', '', 'limit[]', 'x'),
    );
    const pair = name.chain((chosen) =>
      fc
        .oneof(this.known[chosen] ?? fc.uuid(), TEXTS, fc.integer().map(String))
        .map((value) => `${encodeURIComponent(chosen)}=${encodeURIComponent(wellFormed(String(value)))}`),
    );
    const odd = fc.constantFrom('?', '?&&', '?=', '?%', '?limit', '?limit=%00', '?next_cursor=', '?a[b]=c&a[b]=d');
    const usual = fc.array(pair, { maxLength: 3 }).map((pairs) => (pairs.length > 0 ? `?${pairs.join('&')}` : ''));
    return fc.oneof({ weight: 9, arbitrary: fc.constant('') }, { weight: 9, arbitrary: usual }, odd);
  }

  private body(schema: Schema): fc.Arbitrary<Buffer | undefined> {
    const valid = this.valid(schema);
    const asJson = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<Buffer> =>
      arbitrary.map((value) => Buffer.from(JSON.stringify(value) ?? 'null'));
    return fc.oneof(
      { weight: 4, arbitrary: asJson(valid) },
      { weight: 6, arbitrary: asJson(valid.chain(spoilt)) },
      { weight: 1, arbitrary: asJson(ANY_JSON) },
      { weight: 1, arbitrary: ODD_BODIES },
      { weight: 1, arbitrary: fc.constant(undefined) },
    );
  }

  private valid(schema: Schema, name = ''): fc.Arbitrary<unknown> {
    const known = this.known[name];
    if (known) return known;
    const { $ref, allOf, anyOf, oneOf, type } = schema as Schema & { $ref?: string; [composed: string]: unknown };
    if ($ref) return this.valid(this.document.components!.schemas![$ref.split('/').at(-1)!]!, name);
    const [first] = (allOf ?? anyOf ?? oneOf ?? []) as Schema[];
    if (first) return this.valid(first, name);
    if (schema['enum']) return fc.constantFrom(...(schema['enum'] as unknown[]));
    const kind = [type].flat()[0];
    if (kind === 'array') return fc.array(this.valid(schema['items'] as Schema), { minLength: 1, maxLength: 3 });
    if (kind === 'boolean') return fc.boolean();
    if (kind === 'integer' || kind === 'number') {
      const { minimum = 0, maximum = 1_000 } = schema as { minimum?: number; maximum?: number };
      return fc.integer({ min: minimum, max: maximum });
    }
    if (kind === 'object' && schema['properties']) return this.validObject(schema);
    if (kind === 'object') return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 3 }));
    if (schema['format'] === 'uuid') return fc.uuid();
    if (schema['format'] === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toJSON());
    return fc.string({ minLength: 1, maxLength: 40 });
  }

  private validObject(schema: Schema): fc.Arbitrary<unknown> {
    const properties = schema['properties'] as Record<string, Schema>;
    const members = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, this.valid(property, name)]),
    );
    return fc.record(members, { requiredKeys: (schema['required'] as string[] | undefined) ?? [] });
  }
}

/** The value with a member left out, added, or of another kind. */
function spoilt(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value))
    return fc.oneof(
      ANY_JSON,
      ANY_JSON.map((item) => [...(value as unknown[]), item]),
    );
  if (typeof value !== 'object' || value === null) return ANY_JSON;
  const object = value as Record<string, unknown>;
  const names = Object.keys(object);
  const extra = fc
    .tuple(fc.oneof(TEXTS, fc.constant('environment_id')), ANY_JSON)
    .map(([name, member]) => ({ ...object, [name]: member }));
  if (names.length === 0) return extra;
  const other = fc.constantFrom(...names).chain((name) =>
    fc.oneof(
      ANY_JSON.map((member) => ({ ...object, [name]: member })),
      spoiltWithin(object, name),
      fc.constant(Object.fromEntries(Object.entries(object).filter(([kept]) => kept !== name))),
    ),
  );
  return fc.oneof({ weight: 4, arbitrary: other }, extra);
}

function spoiltWithin(object: Record<string, unknown>, name: string): fc.Arbitrary<unknown> {
  return spoilt(object[name]).map((member) => ({ ...object, [name]: member }));
}

/** A URL cannot hold half of a surrogate pair. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd');
}

function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
