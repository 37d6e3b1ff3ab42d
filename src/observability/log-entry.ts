import { isError, isPlain, redactMember, redactText } from './redaction.js';

const OWN_MEMBERS = new Set(['level', 'time', 'context', 'msg']);
const STACK = /\n\s+at .+:\d+:\d+/;

/**
 * Makes a line from the arguments of a Nest logger: a message (text, error, or object with members and perhaps `msg`),
 * then further texts, errors or objects. The context comes last.
 */
export function logEntry(
  message: unknown,
  rest: readonly unknown[],
  secrets: readonly string[],
): Record<string, unknown> {
  const given = rest.filter((argument) => argument !== undefined);
  const last = given.at(-1);
  const context = typeof last === 'string' && !STACK.test(last) ? last : undefined;
  if (context !== undefined) given.pop();

  const entry: Record<string, unknown> = {};
  if (context !== undefined) entry['context'] = redactText(context, secrets);
  const texts: string[] = [];
  // Filled in below; set here so that it comes before the members in the line.
  entry['msg'] = '';
  for (const argument of [message, ...given]) {
    if (isError(argument)) entry['err'] = redactMember('err', argument, secrets);
    else if (typeof argument !== 'object' || argument === null || !isPlain(argument)) {
      const text = typeof argument === 'string' ? argument : textOf(redactMember('', argument, secrets));
      if (STACK.test(text)) entry['err'] = framesOnly(text);
      else texts.push(text);
    } else {
      for (const [name, member] of Object.entries(argument)) {
        if (name === 'msg' && typeof member === 'string') texts.push(member);
        else if (!OWN_MEMBERS.has(name)) entry[name] = redactMember(name, member, secrets);
      }
    }
  }
  entry['msg'] = redactText(texts.join(' '), secrets);
  return entry;
}

function textOf(value: unknown): string {
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

/** Nest passes a stack as text. Its first lines repeat the message, which can quote anything. */
function framesOnly(stack: string): { stack: string } {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return { stack: frames.map((line) => line.trim()).join('\n') };
}
