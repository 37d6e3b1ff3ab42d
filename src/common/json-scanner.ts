/** The text of one opaque member of a body: `payload`, or `events.<eventIndex>.payload`. */
export interface OpaqueSpan {
  eventIndex: number | null;
  /** Where the value starts and ends in the text, without the white space around it. */
  start: number;
  end: number;
  /** Objects and arrays open at the deepest place within it. */
  depth: number;
}

export interface JsonScan {
  opaque: OpaqueSpan[];
  /** The first member that an object of ours has twice, as a path such as `events.0.event_type`. */
  repeatedMember: string | null;
  /** Where the scan stopped, because the nesting passed the limit there. */
  tooDeep: { path: string; isOpaque: boolean } | null;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** An object or array of ours that is open at the place of the scan. */
interface Frame {
  /** The names seen so far; null for an array. */
  names: Set<string> | null;
  /** The member or index that the scan is in. */
  at: string | number;
  expectsName: boolean;
}

/**
 * Reads what JSON.parse does not tell, in one pass over the text: how deep it is nested, which of our objects repeat a
 * member, and where the opaque members stand. Everything outside the opaque members is ours; what is inside them is
 * only measured.
 *
 * It works before JSON.parse, so that a hostile nesting never becomes objects, and therefore on text that may not be
 * JSON: it never fails and always ends, and its answer means something only if JSON.parse takes the text.
 *
 * @param maxDepth Limit for the document without its opaque members, and for each opaque member by itself.
 */
export function scanJson(text: string, maxDepth: number): JsonScan {
  const scan: JsonScan = { opaque: [], repeatedMember: null, tooDeep: null };
  const frames: Frame[] = [];
  let frame: Frame | undefined;
  let at = 0;

  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      const end = endOfString(text, at);
      if (frame?.expectsName) enterMember(frame, nameOf(text, at, end));
      at = end;
    } else if (char === COLON && isOpaque(frames)) {
      const span = opaqueSpan(text, at + 1, frames);
      scan.opaque.push(span);
      if (span.depth > maxDepth) {
        scan.tooDeep = { path: pathOf(frames), isOpaque: true };
        return scan;
      }
      at = span.end;
    } else {
      if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
        frame = open(char);
        frames.push(frame);
        if (frames.length > maxDepth) {
          frames.pop();
          scan.tooDeep = { path: pathOf(frames), isOpaque: false };
          return scan;
        }
      } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
        frames.pop();
        frame = frames.at(-1);
      } else if (char === COMMA && frame) {
        if (typeof frame.at === 'number') frame.at++;
        else frame.expectsName = true;
      }
      at++;
    }
  }
  return scan;

  function enterMember(object: Frame, name: string): void {
    object.at = name;
    object.expectsName = false;
    if (object.names!.has(name)) scan.repeatedMember ??= pathOf(frames);
    object.names!.add(name);
  }
}

function open(char: number): Frame {
  return char === OPEN_OBJECT
    ? { names: new Set(), at: '', expectsName: true }
    : { names: null, at: 0, expectsName: false };
}

function isOpaque(frames: Frame[]): boolean {
  if (frames.at(-1)?.at !== 'payload') return false;
  if (frames.length === 1) return true;
  return frames.length === 3 && frames[0]!.at === 'events' && typeof frames[1]!.at === 'number';
}

function pathOf(frames: Frame[]): string {
  return frames.map((frame) => frame.at).join('.');
}

function opaqueSpan(text: string, from: number, frames: Frame[]): OpaqueSpan {
  let start = from;
  while (isSpace(text.charCodeAt(start))) start++;
  const eventIndex = frames.length === 3 ? (frames[1]!.at as number) : null;
  return { eventIndex, start, ...measure(text, start) };
}

/** Where the value that starts here ends, and how deep it is. */
function measure(text: string, start: number): { end: number; depth: number } {
  let depth = 0;
  let open = 0;
  let at = start;
  while (at < text.length) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at);
      if (open === 0) return { end: at, depth };
      continue;
    }
    if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      if (++open > depth) depth = open;
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      if (open === 0) break;
      if (--open === 0) return { end: at + 1, depth };
    } else if (open === 0 && (char === COMMA || isSpace(char))) break;
    at++;
  }
  return { end: at, depth };
}

/** The place after the closing quote of the string that starts here, or the end of the text. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

/** The name between these quotes: `"pay\u006coad"` is `payload`. */
function nameOf(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}

/** White space of JSON (RFC 8259 §2). */
function isSpace(char: number): boolean {
  return char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;
}
