import { ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';

/** Absent is fine, null is not: `IsOptional` would let both pass. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_: object, value: unknown) => value !== undefined);
}

/** @param item what the array holds, for the message: `scope` */
export function IsFilledArray(item: string): PropertyDecorator {
  return ValidateBy({
    name: 'isFilledArray',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.length > 0,
      defaultMessage: () => `must be an array of at least one ${item}`,
    },
  });
}

/** For each item; has no opinion on what is no array, so that one mistake is told once. */
export function EachItem(isValid: (item: unknown) => boolean, message: string): PropertyDecorator {
  return ValidateBy(
    {
      name: 'eachItem',
      validator: {
        validate: (item: unknown, args?: ValidationArguments) => !Array.isArray(args?.value) || isValid(item),
        defaultMessage: () => message,
      },
    },
    { each: true },
  );
}
