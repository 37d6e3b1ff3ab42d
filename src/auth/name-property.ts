import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';

const MAX_CHARACTERS = 200;

/** A name that a person gives to a thing: 1 to 200 characters (code points, as the database counts them). */
export function NameProperty(options: { description: string; example: string; required?: boolean }): PropertyDecorator {
  const required = options.required ?? true;
  return applyDecorators(
    ApiProperty({ ...options, required, type: 'string', minLength: 1, maxLength: MAX_CHARACTERS }),
    ValidateIf((_: object, value: unknown) => required || value !== undefined),
    ValidateBy({
      name: 'isName',
      validator: {
        validate: isName,
        defaultMessage: () => `must be a text of 1 to ${MAX_CHARACTERS} characters without NUL or lone surrogates`,
      },
    }),
  );
}

/** Code points; PostgreSQL's text holds neither NUL nor half of a surrogate pair. */
const NAME = new RegExp(`^[^\\0\\p{Surrogate}]{1,${MAX_CHARACTERS}}$`, 'u');

export function isName(value: unknown): boolean {
  return typeof value === 'string' && NAME.test(value);
}
