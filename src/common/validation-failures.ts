import { getMetadataStorage, type ValidationArguments, type ValidationError } from 'class-validator';
import type { FieldFailure } from './errors.js';
import { UNKNOWN_FIELD } from './unsafe-text.js';

/**
 * The failures of class-validator with the path of each field, such as `event_types.0` or `events.3.payload`, and
 * with messages that read on after it.
 */
export function failuresOf(errors: ValidationError[], parent = ''): FieldFailure[] {
  return errors.flatMap((error) => {
    const path = parent ? `${parent}.${error.property}` : error.property;
    const own = Object.entries(error.constraints ?? {}).flatMap(([constraint, message]) =>
      fieldsOf(error, constraint, path).map((field) => ({ field, message: messageOf(constraint, message, error) })),
    );
    return [...own, ...failuresOf(error.children ?? [], path)];
  });
}

/** The field itself, or for a rule about each item of an array the items that break it, which class-validator hides. */
function fieldsOf(error: ValidationError, constraint: string, path: string): string[] {
  const { target, property } = error;
  const value: unknown = error.value;
  if (!target || !Array.isArray(value)) return [path];
  const storage = getMetadataStorage();
  for (const rule of storage.getTargetValidationMetadatas(target.constructor, '', false, false)) {
    if (rule.propertyName !== property || !rule.each || !rule.constraintCls) continue;
    for (const { instance, name } of storage.getTargetValidatorConstraints(rule.constraintCls)) {
      if ((name || rule.type) !== constraint) continue;
      const { constraints } = rule;
      const args: ValidationArguments = { object: target, targetName: '', property, value, constraints };
      const broken = value.flatMap((item, index) => (instance.validate(item, args) ? [] : [`${path}.${index}`]));
      if (broken.length > 0) return broken;
    }
  }
  return [path];
}

function messageOf(constraint: string, message: string, { property }: ValidationError): string {
  if (constraint === 'whitelistValidation') return UNKNOWN_FIELD;
  if (constraint === 'nestedValidation') return 'must be an object';
  const subject = [`each value in ${property} `, `${property} `].find((start) => message.startsWith(start)) ?? '';
  return message.slice(subject.length);
}
