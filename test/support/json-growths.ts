/** One way in which JSON text can grow. */
export interface Growth {
  name: string;
  /** At most so many bytes of it, and not many fewer; at least the shortest that has its shape. */
  text(bytes: number): Buffer;
}

/** V8 hashes a longer string by its length alone, so that all of one length collide. */
const HASHED_CHARACTERS = 16_383;
const LONG_NAME = HASHED_CHARACTERS + 117;

/** Room for the number of an item among any that fit into a body. */
const ORDINAL = 10;

function growth(name: string, text: (bytes: number) => Buffer): Growth {
  return { name, text };
}

/** The unit as often as it fits, once at least. */
function repeated(unit: string, bytes: number): Buffer {
  const length = Buffer.byteLength(unit);
  return Buffer.alloc(Math.max(1, Math.floor(bytes / length)) * length, unit);
}

function between(open: string, middle: (bytes: number) => Buffer, close: string) {
  return (bytes: number): Buffer =>
    Buffer.concat([Buffer.from(open), middle(bytes - open.length - close.length), Buffer.from(close)]);
}

/** The unit again and again with this between. */
function separated(unit: string, bytes: number, separator = ','): Buffer {
  return repeated(`${unit}${separator}`, bytes + separator.length).subarray(0, -separator.length);
}

/** Items that differ: each is made of its ordinal. */
function numbered(item: (ordinal: string) => string, bytes: number): Buffer {
  const items: string[] = [];
  for (let count = 0, length = 0; length < bytes || count === 0; count += 1) {
    const next = item(String(count));
    length += next.length + 1;
    if (length <= bytes + 1 || count === 0) items.push(next);
  }
  return Buffer.from(items.join());
}

function nested(open: string, middle: string, close: string) {
  return (bytes: number): Buffer => {
    const levels = Math.max(1, Math.floor((bytes - middle.length) / (open.length + close.length)));
    return Buffer.from(open.repeat(levels) + middle + close.repeat(levels));
  };
}

/** A name of this length that differs from the others in its last characters. */
function longName(ordinal: string, length: number): string {
  return 'n'.repeat(length - ORDINAL) + ordinal.padStart(ORDINAL, '0');
}

const TEXTS: Record<string, string> = {
  letters: 'a',
  'escaped NULs': '\\u0000',
  'escaped quotes': '\\"',
  backslashes: '\\\\',
  'lone surrogates': '\\ud800',
  'escaped letters': '\\u0061',
  'two-byte letters': 'é',
  'pairs of surrogates': '😀',
  dots: '.',
  spaces: ' ',
  digits: '9',
};

const ITEMS: Record<string, string> = {
  zeros: '0',
  nulls: 'null',
  'empty objects': '{}',
  'empty arrays': '[]',
  'empty strings': '""',
  'equal strings': '"record:created"',
  'strings of NUL': '"\\u0000"',
  'lone surrogates': '"\\ud800"',
  'objects with one member': '{"a":0}',
  'objects with a member of Object.prototype': '{"constructor":0}',
  'objects with __proto__': '{"__proto__":{}}',
  'objects with a repeated member': '{"a":0,"a":0}',
  'pairs of arrays': '[[],[]]',
  'numbers that are no double': '1e999',
};

const LONG_STRING = `"${'s'.repeat(LONG_NAME)}"`;

/** What can stand where a value stands. */
export const VALUES: Growth[] = [
  ...Object.entries(TEXTS).map(([name, unit]) =>
    growth(
      `a string of ${name}`,
      between('"', (bytes) => repeated(unit, bytes), '"'),
    ),
  ),
  ...Object.entries(ITEMS).map(([name, unit]) =>
    growth(
      `an array of ${name}`,
      between('[', (bytes) => separated(unit, bytes), ']'),
    ),
  ),
  growth(
    'an array of strings that differ',
    between('[', (bytes) => numbered((at) => `"${at}"`, bytes), ']'),
  ),
  growth(
    'an array of equal long strings',
    between('[', (bytes) => separated(LONG_STRING, bytes), ']'),
  ),
  growth(
    'an array of long strings that differ',
    between('[', (bytes) => numbered((at) => `"${longName(at, LONG_NAME)}"`, bytes), ']'),
  ),
  growth('arrays in arrays', nested('[', '', ']')),
  growth('objects in objects', nested('{"a":', '0', '}')),
  growth('objects and arrays in each other', nested('{"a":[', '0', ']}')),
  growth(
    'arrays 60 deep in an array',
    between('[', (bytes) => separated('['.repeat(60) + ']'.repeat(60), bytes), ']'),
  ),
  growth('a number of many digits', (bytes) => repeated('9', bytes)),
  growth(
    'a fraction of many digits',
    between('0.', (bytes) => repeated('1', bytes), ''),
  ),
  growth(
    'an exponent of many digits',
    between('1e', (bytes) => repeated('9', bytes), ''),
  ),
];

const MEMBER_VALUES: Record<string, string> = { zeros: '0', 'strings of NUL': '"\\u0000"', 'empty objects': '{}' };

/** What an object can have more of, as its members without the braces. */
export const MEMBERS: Growth[] = [
  ...Object.entries(MEMBER_VALUES).flatMap(([name, value]) => [
    growth(`many names, ${name}`, (bytes) => numbered((at) => `"k${at}":${value}`, bytes)),
    growth(`many integers as names, ${name}`, (bytes) => numbered((at) => `"${at}":${value}`, bytes)),
    growth(`many long names of one length, ${name}`, (bytes) =>
      numbered((at) => `"${longName(at, LONG_NAME)}":${value}`, bytes),
    ),
  ]),
  growth('many large integers as names', (bytes) =>
    numbered((at) => `"${(Number(at) * 7_919_777) % 4_294_967_291}":0`, bytes),
  ),
  growth('many names with escapes', (bytes) => numbered((at) => `"\\u006b\\u0000${at}":0`, bytes)),
  growth('many names of 200 characters', (bytes) => numbered((at) => `"${longName(at, 200)}":0`, bytes)),
  growth('one name many times', (bytes) => separated('"a":0', bytes)),
  growth('one name with an escape many times', (bytes) => separated('"\\u0061":0', bytes)),
  growth('__proto__ many times', (bytes) => separated('"__proto__":{}', bytes)),
  growth('payload many times', (bytes) => separated('"payload":{}', bytes)),
  growth('events many times', (bytes) => separated('"events":[{"payload":{}}]', bytes)),
  ...Object.entries(TEXTS).map(([name, unit]) =>
    growth(
      `one name of ${name}`,
      between('"', (bytes) => repeated(unit, bytes), '":0'),
    ),
  ),
  // Each failure names its field: the length of the name times the number of the failures.
  ...VALUES.flatMap((value) => [
    growth(
      `a name of ${LONG_NAME} with ${value.name}`,
      between(`"${'n'.repeat(LONG_NAME)}":`, (bytes) => value.text(bytes), ''),
    ),
    growth(`a name and ${value.name}, half each`, (bytes) =>
      Buffer.concat([Buffer.from(`"${'n'.repeat(bytes / 2)}":`), value.text(bytes / 2 - 4)]),
    ),
  ]),
];

const WHOLE_UNITS = ['{', '[', '}', ']', '"', '\\', '\\"', '"\\', ',', ':', ' ', '\n', '{}', '{"":', '":', '","', '\0'];

/** Whole bodies, of which most are no JSON. */
export const WHOLES: Growth[] = [
  ...WHOLE_UNITS.map((unit) => growth(`${JSON.stringify(unit)} again and again`, (bytes) => repeated(unit, bytes))),
  growth('bytes that are no UTF-8', (bytes) => Buffer.alloc(bytes, 0xff)),
  growth(
    'a string without an end',
    between('"', (bytes) => repeated('a', bytes), ''),
  ),
  growth(
    'a name without an end',
    between('{"', (bytes) => repeated('\\"', bytes), ''),
  ),
  growth(
    'a number and a letter',
    between('', (bytes) => repeated('9', bytes), 'a'),
  ),
];

/** What can be wrong with the last byte of a body, found when all before it has been read. */
export const ENDINGS: { name: string; apply: (body: Buffer) => Buffer }[] = [
  { name: '', apply: (body) => body },
  { name: ', its last byte missing', apply: (body) => body.subarray(0, -1) },
  { name: ', its last byte no UTF-8', apply: (body) => Buffer.concat([body.subarray(0, -1), Buffer.from([0xff])]) },
];
