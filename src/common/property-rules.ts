import { ValidateIf } from 'class-validator';

/** Absent is fine, null is not: `IsOptional` would let both pass. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_: object, value: unknown) => value !== undefined);
}
