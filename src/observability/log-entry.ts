import { redact } from './redaction.js';

/** Members that the logger itself writes. */
const OWN_MEMBERS = new Set(['level', 'time', 'context', 'msg']);
const STACK = /\n\s+at .+:\d+:\d+/;

/**
 * One line of the log from the arguments of a Nest logger: a message (text, error, or object with members and perhaps
 * `msg`), then further texts, errors or objects, then the context, which Nest's `Logger` puts last.
 */
export function logEntry(
  message: unknown,
  rest: readonly unknown[],
  secrets: readonly string[],
): Record<string, unknown> {
  const given = rest.filter((argument) => argument !== undefined);
  const last = given.at(-1);
  const context = typeof last === 'string' && !STACK.test(last) ? last : undefined;
  const texts: string[] = [];
  const members: Record<string, unknown> = {};
  for (const argument of [message, ...(context === undefined ? given : given.slice(0, -1))]) {
    if (argument instanceof Error) members['err'] = argument;
    else if (typeof argument === 'object' && argument !== null) {
      const { msg, ...others } = argument as Record<string, unknown>;
      if (typeof msg === 'string') texts.push(msg);
      Object.assign(members, others);
    } else if (typeof argument === 'string' && STACK.test(argument)) members['err'] = framesOnly(argument);
    else texts.push(String(argument));
  }
  const taken = Object.entries(members).filter(([name]) => !OWN_MEMBERS.has(name));
  const entry = { ...(context === undefined ? {} : { context }), msg: texts.join(' '), ...Object.fromEntries(taken) };
  return redact(entry, secrets) as Record<string, unknown>;
}

/** Nest hands a stack over as text. Its first lines repeat the message, which can quote anything. */
function framesOnly(stack: string): { stack: string } {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return { stack: frames.map((line) => line.trim()).join('\n') };
}
