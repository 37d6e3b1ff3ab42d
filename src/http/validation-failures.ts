import { getMetadataStorage, type ValidationArguments, type ValidationError } from 'class-validator';
import type { FieldFailure } from './failure-list.js';

/** `path` is such as `event_types.0` or `events.3.payload`. Each message continues the sentence after it. */
export function* failuresOf(error: ValidationError, path: string): Generator<FieldFailure> {
  for (const [constraint, message] of Object.entries(error.constraints ?? {})) {
    for (const field of fieldsOf(error, constraint, path)) yield { field, message: messageOf(message, error) };
  }
}

/** The field itself, or the items that break a rule about each item: class-validator does not tell which. */
function* fieldsOf(error: ValidationError, constraint: string, path: string): Generator<string> {
  const value: unknown = error.value;
  const breaksRule = Array.isArray(value) ? itemRuleOf(error, constraint) : null;
  let isOfItems = false;
  if (breaksRule) {
    for (const [index, item] of (value as unknown[]).entries()) {
      if (!breaksRule(item)) continue;
      isOfItems = true;
      yield `${path}.${index}`;
    }
  }
  if (!isOfItems) yield path;
}

function itemRuleOf(error: ValidationError, constraint: string): ((item: unknown) => boolean) | null {
  const { target, property } = error;
  if (!target) return null;
  const storage = getMetadataStorage();
  for (const rule of storage.getTargetValidationMetadatas(target.constructor, '', false, false)) {
    if (rule.propertyName !== property || !rule.each || !rule.constraintCls) continue;
    for (const { instance, name } of storage.getTargetValidatorConstraints(rule.constraintCls)) {
      if ((name || rule.type) !== constraint) continue;
      const args: ValidationArguments = {
        object: target,
        targetName: '',
        property,
        value: error.value as unknown,
        constraints: rule.constraints,
      };
      return (item) => !instance.validate(item, args);
    }
  }
  return null;
}

function messageOf(message: string, { property }: ValidationError): string {
  const subject = [`each value in ${property} `, `${property} `].find((start) => message.startsWith(start)) ?? '';
  return message.slice(subject.length);
}
