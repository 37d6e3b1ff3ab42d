export interface ErrorDescription {
  type: string;
  message: string;
  code?: string;
  table?: string;
  constraint?: string;
  /** Only the frames; the message has its own member. */
  stack?: string;
  cause?: ErrorDescription;
  /** For several errors at once, such as a connection refused by each address of a name. */
  errors?: ErrorDescription[];
}

/**
 * SQLSTATE classes whose messages name objects of the schema, but never a value
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html). Class 22 quotes the wrong value.
 */
const CLASSES_WITHOUT_VALUES = new Set(['08', '0A', '23', '25', '28', '3D', '40', '42', '53', '55', '57', '58']);
const MAX_CAUSES = 4;
const MAX_ERRORS = 4;
const MAX_FRAMES = 30;

/**
 * Describes an error without its data: the statement, parameters and detail of a database error contain rows, and the
 * message of a JSON syntax error quotes the text.
 */
export function describeError(error: Error, causesLeft: number = MAX_CAUSES): ErrorDescription {
  const { code, table, constraint, errors } = error as Error & Record<string, unknown>;
  const described: ErrorDescription = { type: typeOf(error), message: messageOf(error) };
  if (typeof code === 'string') described.code = code;
  if (isDatabaseError(error)) {
    if (typeof table === 'string') described.table = table;
    if (typeof constraint === 'string') described.constraint = constraint;
  }
  const stack = framesOf(error);
  if (stack) described.stack = stack;
  if (causesLeft > 0 && error.cause instanceof Error) described.cause = describeError(error.cause, causesLeft - 1);
  if (causesLeft > 0 && Array.isArray(errors)) {
    const several = errors.filter((one) => one instanceof Error).slice(0, MAX_ERRORS);
    described.errors = several.map((one) => describeError(one, causesLeft - 1));
  }
  return described;
}

function typeOf(error: Error): string {
  return error.constructor.name === 'Error' ? error.name : error.constructor.name;
}

function messageOf(error: Error): string {
  if (error instanceof SyntaxError && error.message.includes('JSON')) return 'a text is not JSON';
  if (!isDatabaseError(error)) return error.message;
  const { code } = error as Error & { code?: unknown };
  if (typeof code !== 'string' || CLASSES_WITHOUT_VALUES.has(code.slice(0, 2))) return error.message;
  return `the database answered SQLSTATE ${code}`;
}

/** pg and TypeORM both put a five-character SQLSTATE in `code`. */
function isDatabaseError(error: Error): boolean {
  const { code, severity } = error as Error & Record<string, unknown>;
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code);
}

/** The stack begins with the message, which can contain lines like frames. So the message is cut off by its length. */
function framesOf({ stack, message }: Error): string {
  if (typeof stack !== 'string') return '';
  const at = message === '' ? -1 : stack.indexOf(message);
  const frames = at < 0 ? stack : stack.slice(at + message.length);
  return frames
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim())
    .join('\n');
}
