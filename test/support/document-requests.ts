import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { ANNOTATIONS, type OpenApiDocument } from './openapi-conformance.js';
import { breakagesOf, ODD_TEXTS } from './schema-breakages.js';
import { type Known, type Schema, SchemaValues } from './schema-values.js';

export interface DocumentedRequest {
  /** A header's value is sent as latin-1. */
  headers: Record<string, string>;
  /** Several values of one name are sent one after the other. */
  query: [name: string, value: string][];
  /** undefined: none. */
  body: unknown;
}

/** A request that breaks the document in one place. */
export interface BrokenRequest extends DocumentedRequest {
  /** `query limit`, `header Idempotency-Key`, `body events.0.event_type`. */
  place: string;
  /** What stands there; undefined: nothing. */
  given: unknown;
}

interface Parameter {
  name: string;
  in: string;
  schema: Schema;
}

const ODD_HEADERS = ['', ' ', 'é', '\t', 'a\tb', 'a'.repeat(256), 'ÿ'.repeat(3)];

/** The requests that one operation's part of the document allows, and those that break it. */
export class DocumentedRequests {
  private readonly values: SchemaValues;
  private readonly parameters: readonly Parameter[];
  private readonly bodySchema: Schema | undefined;
  private readonly isBodyRequired: boolean;
  private readonly ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
  private readonly validators = new Map<Schema, ValidateFunction>();

  constructor(
    private readonly document: OpenApiDocument,
    method: string,
    path: string,
    known: Known,
  ) {
    formats.default(this.ajv);
    this.ajv.addVocabulary(ANNOTATIONS);
    this.values = new SchemaValues(document.components!.schemas!, known);
    const operation = document.paths[path]![method.toLowerCase()]! as unknown as {
      parameters?: Parameter[];
      requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
    };
    this.parameters = (operation.parameters ?? []).filter((parameter) => parameter.in !== 'path');
    this.bodySchema = operation.requestBody?.content['application/json']?.schema;
    this.isBodyRequired = operation.requestBody?.required === true;
  }

  /** @param isFull true: with every parameter, every member, and items in every list. */
  valid(isFull = false): fc.Arbitrary<DocumentedRequest> {
    const given = this.parameters.map(({ name, schema }) => {
      const value = this.values.valid(schema, name, isFull).map(textsOf);
      return isFull ? value : fc.option(value, { nil: [], freq: 3 });
    });
    const body = this.bodySchema ? this.values.valid(this.bodySchema, '', isFull) : fc.constant(undefined);
    return fc
      .tuple(fc.tuple(...given), this.isBodyRequired || isFull ? body : fc.option(body, { nil: undefined }))
      .map(([texts, value]) => this.assembled(texts, value));
  }

  /** All that break the document in one place of this request, which is full. With a body there is no key: it is for one body. */
  broken(request: DocumentedRequest): BrokenRequest[] {
    return [...this.brokenParameters(request), ...this.brokenBodies(request)];
  }

  private assembled(texts: readonly string[][], body: unknown): DocumentedRequest {
    const headers: Record<string, string> = {};
    const query: [string, string][] = [];
    for (const [index, { name, in: where }] of this.parameters.entries()) {
      for (const value of texts[index]!) {
        if (where === 'header') headers[name] = value;
        else query.push([name, value]);
      }
    }
    return { headers, query, body };
  }

  private brokenParameters(request: DocumentedRequest): BrokenRequest[] {
    return this.parameters.flatMap(({ name, in: where, schema }): BrokenRequest[] => {
      const place = `${where} ${name}`;
      if (where === 'header') {
        const odd = ODD_HEADERS.filter((text) => !this.isValid(schema, text.trim()));
        return odd.map((text) => ({ ...request, place, given: text, headers: { ...request.headers, [name]: text } }));
      }
      const others = request.query.filter(([other]) => other !== name);
      const odd = ODD_TEXTS.filter((text) => !this.isValidText(schema, text));
      return odd.map((text) => ({ ...request, place, given: text, query: [...others, [name, text]] }));
    });
  }

  private brokenBodies(request: DocumentedRequest): BrokenRequest[] {
    const schema = this.bodySchema;
    if (!schema) return [];
    const broken = breakagesOf(this.values, schema, request.body)
      .filter(({ value }) => !this.isValid(schema, value))
      .map(({ at, given, value }) => ({ ...request, headers: {}, place: `body ${at}`.trim(), given, body: value }));
    return this.isBodyRequired ? [...broken, { ...request, place: 'body', given: undefined, body: undefined }] : broken;
  }

  /** As a parameter's text is read: by the kind that its schema has. */
  private isValidText(schema: Schema, text: string): boolean {
    const { type } = this.values.resolved(schema);
    if (type === 'array') return this.isValid(schema, [text]);
    if (type === 'boolean') return text === 'true' || text === 'false';
    if (type === 'integer') return /^-?\d+$/.test(text) && this.isValid(schema, Number(text));
    return this.isValid(schema, text);
  }

  private isValid(schema: Schema, value: unknown): boolean {
    let validate = this.validators.get(schema);
    if (!validate) {
      // References in the document lead to what is beside the schema.
      validate = this.ajv.compile({ allOf: [schema], components: this.document.components });
      this.validators.set(schema, validate);
    }
    return validate(value);
  }
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}
