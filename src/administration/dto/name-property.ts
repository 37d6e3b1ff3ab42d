import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { MayBeAbsent } from '../../openapi/property-rules.js';

const MAX_CHARACTERS = 200;
/** Counts code points, as the database does. MaxLength of class-validator leaves out variation selectors. */
const NAME = new RegExp(`^.{1,${MAX_CHARACTERS}}$`, 'su');
/** NUL cannot be stored (`unsafeTexts`). */
const WITHOUT_NUL = '^[^\\x00]*$';

/** A name that a person gives: 1 to 200 characters. */
export function NameProperty(options: { description: string; example: string; required?: boolean }): PropertyDecorator {
  const required = options.required ?? true;
  return applyDecorators(
    ApiProperty({
      ...options,
      required,
      type: 'string',
      minLength: 1,
      maxLength: MAX_CHARACTERS,
      pattern: WITHOUT_NUL,
    }),
    ...(required ? [] : [MayBeAbsent()]),
    ValidateBy({
      name: 'isName',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && NAME.test(value),
        defaultMessage: () => `must be a text of 1 to ${MAX_CHARACTERS} characters`,
      },
    }),
  );
}
