import type { OpenAPIObject } from '@nestjs/swagger';

/** Where the description of an enum waits until `buildOpenApi` puts it in its place. */
const DESCRIPTION_MARK = 'x-enum-description';

/** Options of a property or a parameter; spread them, or hand them to `QueryOneOf`. */
export interface NamedEnum {
  readonly enum: string[];
  readonly enumName: string;
  readonly enumSchema: object;
}

/**
 * An enum that the document has once, under its name, in the order of its values. The description is that of the enum:
 * the library alone would give it the description of whichever property comes first.
 */
export function namedEnum(enumName: string, values: readonly string[], description: string): NamedEnum {
  return { enum: [...values], enumName, enumSchema: { [DESCRIPTION_MARK]: description } };
}

/** Gives every enum its own description; the marks are not for readers. */
export function describeEnums(document: OpenAPIObject): void {
  for (const schema of Object.values(document.components?.schemas ?? {}) as Record<string, unknown>[]) {
    if (!(DESCRIPTION_MARK in schema)) continue;
    schema['description'] = schema[DESCRIPTION_MARK];
    delete schema[DESCRIPTION_MARK];
  }
}
