export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/**
 * A JSON value kept as its text. `9007199254740993`, `1.0`, `1e400`, key order, repeated members and escapes such as
 * `\ud800` do not survive JSON.parse → JSON.stringify.
 */
export class VerbatimJson {
  /** @param text without white space around it. */
  constructor(
    readonly text: string,
    readonly kind: JsonKind,
  ) {}

  static of(text: string): VerbatimJson {
    return new VerbatimJson(text, kindOf(text));
  }
}

function kindOf(text: string): JsonKind {
  switch (text[0]) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}
