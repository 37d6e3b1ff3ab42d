import { STATUS_CODES } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

type Json = Record<string, unknown>;

interface Operation {
  operationId?: string;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: Json }> };
  responses: Record<string, { content?: Record<string, { schema?: Json }>; headers?: Record<string, Json> }>;
  security?: Record<string, string[]>[];
}

/** What a webhook is sent; its parameters are references. */
interface Outgoing {
  operationId: string;
  parameters: { $ref: string }[];
  requestBody: { content: Record<string, { schema: { $ref: string }; example: Json }> };
  responses: Record<string, { $ref: string }>;
}

interface HeaderParameter {
  name: string;
  in: string;
  required: boolean;
  schema: Json;
  example: string;
}

export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  webhooks?: Record<string, { post: Outgoing }>;
  components?: {
    schemas?: Record<string, Json>;
    parameters?: Record<string, HeaderParameter>;
    headers?: Record<string, Json>;
    examples?: Record<string, { value: unknown }>;
  };
  security?: Record<string, string[]>[];
}

/** One request and what was answered, as far as the document can speak about it. */
export interface Exchange {
  method: string;
  /** As sent: a query, a bare `?` and a doubled leading slash are taken off here. */
  path: string;
  status: number;
  contentType: string | undefined;
  headers: Record<string, string | string[] | undefined>;
  /** The response's body as text. */
  text: string;
}

/** One request that a receiver got. */
export interface SentRequest {
  headers: Record<string, string | string[] | undefined>;
  /** The body as text. */
  text: string;
}

export interface Verdict {
  /** `POST /webhook 201`, or null where the document knows no such operation. */
  pair: string | null;
  /** What breaks the document; empty when the response conforms. */
  findings: string[];
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/** Annotations of OpenAPI that say nothing about validity; any other unknown keyword is an error. */
export const ANNOTATIONS = ['example', 'externalDocs', 'xml', 'components', 'x-extensible-enum', 'x-enum-varnames'];

/** Response headers that tell a client what to do next. */
const ACTED_ON = ['location', 'retry-after', 'www-authenticate'];

/** The error envelope of the contract. It holds for every error, documented path or not. */
const ERROR_ENVELOPE: Json = {
  type: 'object',
  properties: {
    statusCode: { type: 'integer' },
    error: { type: 'string' },
    code: { type: 'string', pattern: '^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$' },
    message: { type: 'string', minLength: 1 },
    details: { type: 'object' },
  },
  required: ['statusCode', 'error', 'code', 'message'],
  additionalProperties: false,
};

/** Holds responses to an OpenAPI document: status, media type and body, the document's own schemas compiled by ajv. */
export class OpenApiConformance {
  private readonly ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly components: Json;
  private readonly errorEnvelope: ValidateFunction;

  constructor(private readonly document: OpenApiDocument) {
    formats.default(this.ajv);
    this.ajv.addVocabulary(ANNOTATIONS);
    this.components = this.asJsonSchema(document.components ?? {});
    this.errorEnvelope = this.ajv.compile(ERROR_ENVELOPE);
  }

  check(exchange: Exchange): Verdict {
    const { method, status } = exchange;
    const template = this.templateOf(method, exchange.path);
    const operation = template === null ? undefined : this.document.paths[template]?.[method.toLowerCase()];
    if (template === null || !operation) {
      const findings = this.checkErrorEnvelope(exchange);
      if (status < 400) findings.push(`${method} ${exchange.path} answers ${status} and is not documented`);
      return { pair: null, findings };
    }
    const pair = `${method} ${template} ${status}`;
    const findings = [
      ...this.checkDocumented(pair, operation, exchange),
      ...this.checkHeaders(pair, operation, exchange),
    ];
    // The readiness probe answers 503 with its checks: the one answer from 400 up that is no error of a request.
    if (status >= 400 && template !== '/health/ready') findings.push(...this.checkErrorEnvelope(exchange));
    return { pair, findings };
  }

  /** What breaks the document in a request that a webhook got of this event type; empty when it conforms. */
  checkSent(eventType: string, { headers, text }: SentRequest): string[] {
    const outgoing = this.document.webhooks?.[eventType]?.post;
    if (!outgoing) return [`${eventType}: not documented`];
    const { $ref } = outgoing.requestBody.content['application/json']!.schema;
    const schema = this.document.components!.schemas![nameIn($ref)]!;
    const resolvable = { allOf: [this.asJsonSchema(schema)], components: this.components };
    const findings = this.errorsOf(this.ajv.compile(resolvable), text);
    if (findings.length === 0) {
      const [sent, documented] = [JSON.parse(text) as object, schema['properties'] as object].map(Object.keys);
      if (sent!.join() !== documented!.join()) findings.push(`the members are ${sent!.join()}`);
    }
    for (const parameter of outgoing.parameters) {
      const { name, required, schema: form } = this.document.components!.parameters![nameIn(parameter.$ref)]!;
      const value = headers[name.toLowerCase()];
      if (value === undefined && required) findings.push(`${name} is missing`);
      if (value !== undefined && !this.ajv.validate(form, value)) findings.push(`${name} is ${String(value)}`);
    }
    return findings.map((finding) => `${eventType}: ${finding}`);
  }

  private checkDocumented(pair: string, operation: Operation, exchange: Exchange): string[] {
    const isError = exchange.status >= 400;
    const response = operation.responses[exchange.status] ?? (isError ? operation.responses['default'] : undefined);
    if (!response) return [`${pair}: the status is not documented`];
    const schema = response.content?.['application/json']?.schema;
    if (!schema) {
      const documented = Object.keys(response.content ?? {});
      if (documented.length === 0) return exchange.text === '' ? [] : [`${pair}: a body, where none is documented`];
      const mediaType = exchange.contentType?.split(';')[0];
      return mediaType && documented.includes(mediaType)
        ? []
        : [`${pair}: answers ${mediaType}, not ${documented.join()}`];
    }
    if (!isJson(exchange.contentType)) return [`${pair}: answers ${exchange.contentType}, not application/json`];
    let validate = this.validators.get(pair);
    if (!validate) {
      const resolvable = { allOf: [this.asJsonSchema(schema)], components: this.components };
      validate = this.ajv.compile(resolvable);
      this.validators.set(pair, validate);
    }
    return this.errorsOf(validate, exchange.text).map((error) => `${pair}: ${error}`);
  }

  /** Headers that are promised are there in the documented form, and those that a client acts on are promised. */
  private checkHeaders(pair: string, operation: Operation, { status, headers }: Exchange): string[] {
    const response = operation.responses[status] ?? operation.responses['default'];
    const documented = new Map(
      Object.entries(response?.headers ?? {}).map(([name, header]) => {
        const { $ref } = header as { $ref?: string };
        return [name.toLowerCase(), $ref === undefined ? header : this.document.components!.headers![nameIn($ref)]!];
      }),
    );
    const findings = ACTED_ON.filter((name) => headers[name] !== undefined && !documented.has(name)).map(
      (name) => `${pair}: ${name} is not documented`,
    );
    for (const [name, { required, schema }] of documented) {
      const text = headers[name];
      if (text === undefined) {
        if (required) findings.push(`${pair}: ${name} is missing`);
        continue;
      }
      const form = schema as Json;
      const value = form['type'] === 'integer' ? Number(text) : text;
      if (!this.ajv.validate(form, value)) findings.push(`${pair}: ${name} is ${String(text)}`);
    }
    return findings;
  }

  private checkErrorEnvelope({ method, path, status, contentType, text }: Exchange): string[] {
    if (status < 400) return [];
    const where = `${method} ${path} ${status}`;
    if (!isJson(contentType)) return [`${where}: the error is ${contentType}, not application/json`];
    const findings = this.errorsOf(this.errorEnvelope, text).map((error) => `${where}: error envelope: ${error}`);
    if (findings.length > 0) return findings;
    const envelope = JSON.parse(text) as { statusCode: number; error: string };
    if (envelope.statusCode !== status) findings.push(`${where}: statusCode is ${envelope.statusCode}`);
    if (envelope.error !== STATUS_CODES[status]) findings.push(`${where}: error is "${envelope.error}"`);
    return findings;
  }

  private errorsOf(validate: ValidateFunction, text: string): string[] {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      return [`the body is not JSON: ${text.slice(0, 200)}`];
    }
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || 'the body'} ${message} ${JSON.stringify(params)}`,
    );
  }

  /** From 3.1 on a schema is JSON Schema as it stands, and `nullable` is an unknown keyword: an error. */
  private asJsonSchema(schema: Json): Json {
    return closed(this.document.openapi.startsWith('3.0.') ? withoutNullableKeyword(schema) : schema) as Json;
  }

  /** The documented path that a request meets: the one with the fewest parameters, as the router chooses. */
  private templateOf(method: string, path: string): string | null {
    const plain = path
      .split('?')[0]!
      .replace(/^\/+/, '/')
      .replace(/(?<=.)\/$/, '');
    const matching = Object.keys(this.document.paths)
      .filter((template) => this.document.paths[template]?.[method.toLowerCase()])
      .filter((template) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(plain));
    const parametersIn = (template: string): number => template.split('{').length;
    return matching.sort((a, b) => parametersIn(a) - parametersIn(b))[0] ?? null;
  }
}

/** Every operation of the document as `POST /webhook`. */
export function documentedOperations(document: OpenApiDocument): string[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Every (operation, status) of the document as `POST /webhook 201`; `default` is a promise about form, not a status. */
export function documentedPairs(document: OpenApiDocument): string[] {
  return documentedOperations(document).flatMap((name) => {
    const [method, path] = name.split(' ') as [string, string];
    const { responses } = document.paths[path]![method.toLowerCase()]!;
    const statuses = Object.keys(responses).filter((status) => status !== 'default');
    return statuses.map((status) => `${name} ${status}`);
  });
}

/** The last part of a reference: the name of a component. */
function nameIn($ref: string): string {
  return $ref.split('/').at(-1)!;
}

function isJson(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/json(;|$)/.test(contentType);
}

/** Keywords whose value is data, not a schema. */
const DATA = ['example', 'default', 'enum', 'const', 'required', 'type', 'x-extensible-enum', 'x-enum-varnames'];

/** Replaces the schemas directly inside a schema. */
function mapSubschemas(schema: Json, map: (subschema: unknown) => unknown): Json {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (DATA.includes(keyword) || typeof value !== 'object' || value === null) return [keyword, value];
      if (Array.isArray(value)) return [keyword, value.map(map)];
      if (keyword !== 'properties' && keyword !== 'schemas') return [keyword, map(value)];
      const named = Object.entries(value).map(([name, member]) => [name, map(member)]);
      return [keyword, Object.fromEntries(named)];
    }),
  );
}

/**
 * Lets no object have more than its listed properties, unless it says what else it may hold. The document leaves them
 * open, so that clients take what later versions add; but what this version answers is what it documents.
 */
function closed(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const whole = mapSubschemas(schema as Json, closed);
  return whole['properties'] ? { additionalProperties: false, ...whole } : whole;
}

/** OpenAPI 3.0 says `nullable: true` where JSON Schema says "or null". */
function withoutNullableKeyword(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, ...converted } = mapSubschemas(schema as Json, withoutNullableKeyword);
  return nullable === true ? { anyOf: [converted, { type: 'null' }] } : converted;
}
