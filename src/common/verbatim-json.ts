export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/**
 * A JSON value kept as the text it was written in. Parsing and printing it again would change it: `9007199254740993`,
 * `1.0`, `1e400`, key order, repeated members and escapes such as `\ud800` do not survive JSON.parse → JSON.stringify.
 */
export class VerbatimJson {
  /**
   * @param text The value, from its first to its last character, without the white space around it.
   * @param depth How many objects and arrays are open at the deepest place: 0 for a scalar, 1 for `{}`.
   */
  constructor(
    readonly text: string,
    readonly kind: JsonKind,
    readonly depth: number,
  ) {}

  /** Its size in UTF-8, as MAX_EVENT_BYTES counts it. */
  get byteLength(): number {
    return Buffer.byteLength(this.text);
  }
}
