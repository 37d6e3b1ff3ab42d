import { ENDINGS, MEMBERS, VALUES, WHOLES, type Growth } from './json-growths.js';
import { slotsOf, type Slot } from './json-slots.js';
import type { OpenApiDocument } from './openapi-conformance.js';
import type { RawRequest } from './raw-exchange.js';
import { exampleOf, type Known } from './schema-example.js';

/** One request of an operation that grows along one axis. */
export interface GrownRequest {
  /** As `POST /webhook`. */
  operation: string;
  /** Where it grows: a path in the body, a header, the query. */
  place: string;
  /** How it grows. */
  growth: string;
  /** What is wrong with its end; empty: nothing. */
  ending: string;
  /** The most that the axis can have. */
  limitBytes: number;
  at(bytes: number): RawRequest;
}

/** As one reads it: `POST /webhook, body event_types: an array of zeros`. */
export function nameOf({ operation, place, growth, ending }: GrownRequest): string {
  return `${operation}, ${place}: ${growth}${ending}`;
}

/** What valid requests name. */
export interface Names {
  tokenFor(operation: string): string;
  idFor(operation: string): string;
  /** Valid values for members whose example would not do, by name. */
  members: Known;
}

/** Node takes 16 KiB of request line and headers; the rest of both is short. */
const HEAD_BYTES = 15_000;

/** Bytes of a chunk: the fewer, the more there are in one body. */
const CHUNK_LENGTHS = [1, 16, 256];

const QUERY_UNITS = ['a', '1', '%41', '%00', '%ff', '%', '+', ',', '.', '%f0%9f%98%80', '%5b%5d', '=', ';', '-'];
const PATH_UNITS = ['a', '%41', '%', '%ff', '%2f', '/', '.', './', '../', '-', ';', '%00', ':', '*'];
const QUERIES: Record<string, (ordinal: number) => string> = {
  'many names': (ordinal) => `a${ordinal}=`,
  'many names without a value': (ordinal) => `a${ordinal}`,
  'one name many times': () => 'limit=1',
  'many brackets': (ordinal) => `a[${ordinal}]=1`,
  'brackets in brackets': () => '[a]',
  'many ampersands': () => '',
  'many names of one letter': (ordinal) => String.fromCharCode(97 + (ordinal % 26)),
  '__proto__ many times': () => '__proto__[a]=1',
};

const HEADERS: Record<string, string> = {
  Authorization: 'Bearer ',
  'Idempotency-Key': '',
  'Content-Type': 'application/json;',
  'Content-Encoding': '',
  Accept: '',
  'Accept-Encoding': '',
  'X-Request-Id': '',
  'X-Forwarded-For': '',
  'X-Forwarded-Host': '',
  'X-Forwarded-Proto': '',
  Forwarded: '',
  Cookie: '',
  Origin: '',
  'If-None-Match': '',
  'Transfer-Encoding': '',
  Expect: '',
};
const HEADER_UNITS = [
  ...'a9 \t,;="./:-\\\xe9',
  ...'::| ,|; |="|1,|127.0.0.1,|127.0.0.1, |::1,|; charset=|;charset |; charset = |a=b;|a/b, |Bearer '.split('|'),
];
/** A pattern that goes back and forth does so when the end does not match. */
const HEADER_ENDS = ['', '\xff'];

/** The requests that can be made for the operations of a document, each of which grows along one axis. */
export class GrownRequests {
  constructor(
    private readonly document: OpenApiDocument,
    private readonly names: Names,
    private readonly maxBodyBytes: number,
  ) {}

  /** Of all operations, in the order of the document. */
  all(): GrownRequest[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) => this.of(method, path)),
    );
  }

  private of(method: string, path: string): GrownRequest[] {
    const base = this.baseOf(method, path);
    return [
      ...this.bodies(base),
      ...inChunks(base, this.maxBodyBytes),
      ...this.queries(base),
      ...paths(base),
      ...heads(base),
    ];
  }

  private baseOf(method: string, path: string): Base {
    const operation = `${method.toUpperCase()} ${path}`;
    const schema = this.document.paths[path]![method]!.requestBody?.content['application/json']?.schema;
    return {
      operation,
      template: path,
      // Where no body is documented one may still be sent.
      body: schema ? exampleOf(this.document, schema, this.names.members) : method === 'get' ? undefined : {},
      request: {
        method: method.toUpperCase(),
        path: path.replace('{id}', this.names.idFor(operation)),
        headers: [
          ['Authorization', `Bearer ${this.names.tokenFor(operation)}`],
          ['Content-Type', 'application/json'],
        ],
        body: null,
        chunkBytes: null,
      },
    };
  }

  private bodies(base: Base): GrownRequest[] {
    if (base.body === undefined) return [];
    const grown = (place: string, { name, text }: Growth, { head, tail }: Slot): GrownRequest[] =>
      ENDINGS.map((ending) => ({
        operation: base.operation,
        place: `body ${place}`.trim(),
        growth: name,
        ending: ending.name,
        limitBytes: this.maxBodyBytes,
        at: (bytes) => {
          const middle = text(bytes - head.length - tail.length);
          const body = ending.apply(Buffer.concat([Buffer.from(head), middle, Buffer.from(tail)]));
          return { ...base.request, body };
        },
      }));
    const slots = slotsOf(base.body);
    const whole = { path: '', value: base.body, head: '', tail: '' };
    return [
      ...slots.values.flatMap((slot) => [...VALUES, ...more(slot)].flatMap((value) => grown(slot.path, value, slot))),
      ...slots.members.flatMap((slot) => MEMBERS.flatMap((members) => grown(slot.path, members, slot))),
      ...slots.spaces.flatMap((slot) => SPACES.flatMap((space) => grown(slot.path, space, slot))),
      ...WHOLES.flatMap((text) => grown('', text, whole).slice(0, 1)),
    ];
  }

  private queries(base: Base): GrownRequest[] {
    const parameters = this.document.paths[base.template]![base.request.method.toLowerCase()]!.parameters ?? [];
    const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    const grown = (growth: string, query: (bytes: number) => string): GrownRequest => ({
      ...inHead(base, 'query', growth),
      at: (bytes) => ({ ...base.request, path: `${base.request.path}?${query(bytes)}` }),
    });
    return [
      ...[...names, 'x'].flatMap((name) =>
        QUERY_UNITS.map((unit) => grown(`${name} of ${unit}`, (bytes) => `${name}=${filled(unit, bytes)}`)),
      ),
      ...QUERY_UNITS.map((unit) => grown(`a name of ${unit}`, (bytes) => `${filled(unit, bytes)}=1`)),
      ...Object.entries(QUERIES).map(([name, pair]) => grown(name, (bytes) => pairs(pair, bytes))),
    ];
  }
}

/** A valid request of an operation. */
interface Base {
  operation: string;
  template: string;
  /** undefined: none can be sent. */
  body: unknown;
  request: RawRequest;
}

const SPACES: Growth[] = [' ', '\n', '\t\r'].map((unit) => ({
  name: `${JSON.stringify(unit)} between`,
  text: (bytes) => Buffer.alloc(Math.max(bytes, 0), unit),
}));

/** An array can have more of what it holds. */
function more({ value }: Slot): Growth[] {
  if (!Array.isArray(value)) return [];
  const item = JSON.stringify(value[0]);
  return [
    {
      name: 'more of its items',
      text: (bytes) =>
        Buffer.from(`[${`${item},`.repeat(Math.max(0, Math.floor(bytes / (item.length + 1)) - 1))}${item}]`),
    },
  ];
}

function inHead({ operation }: Base, place: string, growth: string): Omit<GrownRequest, 'at'> {
  return { operation, place, growth, ending: '', limitBytes: HEAD_BYTES };
}

function filled(unit: string, bytes: number): string {
  return unit.repeat(Math.max(1, Math.floor(bytes / unit.length)));
}

function pairs(pair: (ordinal: number) => string, bytes: number): string {
  let query = pair(0);
  for (let ordinal = 1; query.length < bytes; ordinal += 1) query += `&${pair(ordinal)}`;
  return query.slice(0, bytes);
}

function inChunks(base: Base, limitBytes: number): GrownRequest[] {
  if (base.body === undefined) return [];
  return CHUNK_LENGTHS.map((chunkBytes) => ({
    operation: base.operation,
    place: 'body',
    growth: `spaces in chunks of ${chunkBytes}`,
    ending: '',
    limitBytes,
    at: (bytes) => ({ ...base.request, body: Buffer.alloc(bytes, ' '), chunkBytes }),
  }));
}

function paths(base: Base): GrownRequest[] {
  return PATH_UNITS.map((unit) => ({
    ...inHead(base, 'path', `an id of ${unit}`),
    at: (bytes) => {
      const id = filled(unit, bytes);
      const path = base.template.includes('{id}') ? base.template.replace('{id}', id) : `${base.template}/${id}`;
      return { ...base.request, path };
    },
  }));
}

function heads(base: Base): GrownRequest[] {
  const body = base.body === undefined ? null : Buffer.from(JSON.stringify(base.body));
  const grown = (growth: string, name: string, value: (bytes: number) => string): GrownRequest => ({
    ...inHead(base, name, growth),
    at: (bytes) => {
      const headers = base.request.headers.filter(([known]) => known !== name);
      return { ...base.request, body, headers: [...headers, [name, value(bytes)]] };
    },
  });
  return [
    ...Object.entries(HEADERS).flatMap(([name, begin]) =>
      HEADER_UNITS.flatMap((unit) =>
        HEADER_ENDS.map((end) =>
          grown(
            `${JSON.stringify(unit)} again and again${end && ', and an odd end'}`,
            name,
            (bytes) => `${begin}${filled(unit, bytes)}${end}`,
          ),
        ),
      ),
    ),
    ...['a', 'x-forwarded-for', 'accept'].map((name) => ({
      ...inHead(base, 'headers', `${name} many times`),
      at: (bytes: number): RawRequest => {
        const count = Math.floor(bytes / (name.length + 5));
        const many = Array.from({ length: count }, () => [name, '1'] as const);
        return { ...base.request, body, headers: [...base.request.headers, ...many] };
      },
    })),
    {
      ...inHead(base, 'headers', 'many names'),
      at: (bytes) => {
        const many = Array.from({ length: Math.floor(bytes / 8) }, (_, at) => [at.toString(36), '1'] as const);
        return { ...base.request, body, headers: [...base.request.headers, ...many] };
      },
    },
  ];
}
