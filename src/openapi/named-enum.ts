import type { OpenAPIObject } from '@nestjs/swagger';

/** Holds the description until `buildOpenApi` moves it to its place. */
const DESCRIPTION_MARK = 'x-enum-description';
/** Later versions add values to such an enum. */
const GROWING_MARK = 'x-enum-growing';

/** Options of a property or a parameter: spread them, or pass them to `QueryOneOf`. */
export interface NamedEnum {
  readonly enum: string[];
  readonly enumName: string;
  readonly enumSchema: object;
}

/**
 * The document has the enum once, in the order of its values, with its own description: the library would use that of
 * the first property.
 */
export function namedEnum(enumName: string, values: readonly string[], description: string): NamedEnum {
  return { enum: [...values], enumName, enumSchema: { [DESCRIPTION_MARK]: description } };
}

/**
 * For answers, where a later version may have more values: many clients refuse a whole page of a list for a value that
 * is not in a plain enum. So any text is allowed, with the known values in `x-extensible-enum`.
 */
export function growingEnum(name: string, values: readonly string[], description: string): NamedEnum {
  const named = namedEnum(name, values, `${description} Later versions may have more.`);
  return { ...named, enumSchema: { ...named.enumSchema, [GROWING_MARK]: true } };
}

/** Also gives a valid name to each value that is not a name in programming languages, and removes the marks. */
export function describeEnums(document: OpenAPIObject): void {
  for (const schema of Object.values(document.components?.schemas ?? {}) as Record<string, unknown>[]) {
    if (!(DESCRIPTION_MARK in schema)) continue;
    const values = schema['enum'] as string[];
    schema['description'] = schema[DESCRIPTION_MARK];
    if (GROWING_MARK in schema) {
      schema['x-extensible-enum'] = values;
      delete schema['enum'];
    } else if (values.some((value) => /[^\w-]/.test(value))) {
      schema['x-enum-varnames'] = values.map(pascalCase);
    }
    delete schema[DESCRIPTION_MARK];
    delete schema[GROWING_MARK];
  }
}

/** `SyncJobRunCreated` for `sync_job_run:created`. */
export function pascalCase(value: string): string {
  return value.replaceAll(/(?:^|[^a-z0-9]+)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}
