import { ValidateBy, ValidateIf, type ValidationArguments } from 'class-validator';
import { Converted } from '../http/dto-shape.js';

/** Absent, but not null: `IsOptional` would allow both. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_: object, value: unknown) => value !== undefined);
}

/** Some generated clients send null for a member that their caller did not set. */
export function NullIsAbsent(): PropertyDecorator {
  return Converted((value) => value ?? undefined);
}

export function IsFilledArray(item: string): PropertyDecorator {
  return ValidateBy({
    name: 'isFilledArray',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.length > 0,
      defaultMessage: () => `must be an array of at least one ${item}`,
    },
  });
}

/** Accepts a value that is no array, so that one mistake is reported once. */
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
