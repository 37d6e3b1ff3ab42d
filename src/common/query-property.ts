import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsDate, IsIn, IsInt, IsOptional, IsUUID, Max, Min, ValidateBy } from 'class-validator';
import { Converted } from './dto-shape.js';
import type { NamedEnum } from './named-enum.js';
import { isUuid } from './uuid-v7.js';

/*
 * Query parameters arrive as text. Each decorator here documents one optional parameter, converts the text that it
 * understands and leaves any other as it is, so that its validator refuses it by name. Nothing is converted implicitly.
 * None has an example: Swagger UI would send it with every request that is tried out.
 */

interface QueryOptions {
  description?: string;
}

/** `true` or `false`, in exactly these letters. */
export function QueryBoolean(options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'boolean' }),
    IsOptional(),
    convert((text) => (text === 'true' ? true : text === 'false' ? false : text)),
    IsBoolean({ message: 'must be true or false' }),
  );
}

/** A whole number in decimal digits, from `min` to `max`. */
export function QueryInteger(
  min: number,
  max: number,
  options: QueryOptions & { default?: number } = {},
): PropertyDecorator {
  const message = `must be a whole number from ${min} to ${max}`;
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'integer', minimum: min, maximum: max }),
    IsOptional(),
    convert((text) => (/^-?\d{1,15}$/.test(text) ? Number(text) : text)),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
  );
}

/** An instant in ISO 8601 with its offset from UTC, such as `2021-08-10T10:00:00.000Z`; becomes a `Date`. */
export function QueryDate(options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'string', format: 'date-time' }),
    IsOptional(),
    convert((text) => instantOf(text) ?? text),
    IsDate({ message: 'must be a date and time with an offset, such as 2021-08-10T10:00:00.000Z' }),
  );
}

/** A UUID; becomes lower case. */
export function QueryUuid(options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'string', format: 'uuid' }),
    IsOptional(),
    convert((text) => text.toLowerCase()),
    IsUUID('loose', { message: 'must be a UUID' }),
  );
}

/** A UUID, which becomes lower case, or one of the words, in exactly these letters. */
export function QueryUuidOr(words: readonly string[], options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      ...options,
      anyOf: [
        { type: 'string', format: 'uuid' },
        { type: 'string', enum: [...words] },
      ],
    }),
    IsOptional(),
    convert((text) => (isUuid(text) ? text.toLowerCase() : text)),
    ValidateBy({
      name: 'isUuidOr',
      validator: {
        validate: (value: unknown) => isUuid(value) || words.some((word) => word === value),
        defaultMessage: () => `must be a UUID, ${words.join(' or ')}`,
      },
    }),
  );
}

/** One of the values of the enum, in exactly these letters. */
export function QueryOneOf(values: NamedEnum, options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, ...values }),
    IsOptional(),
    IsIn(values.enum, { message: `must be one of ${values.enum.join(', ')}` }),
  );
}

const INSTANT = /^\d{4}-\d{2}-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/**
 * The instant that the text names, or null. Date.parse alone takes local times, bare years and English, and moves
 * 30 February into March.
 */
export function instantOf(text: string): Date | null {
  const day = INSTANT.exec(text)?.[1];
  if (day === undefined) return null;
  const calendarDay = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const instant = new Date(text);
  return calendarDay.getUTCDate() === Number(day) && !Number.isNaN(instant.getTime()) ? instant : null;
}

function convert(read: (text: string) => unknown): PropertyDecorator {
  return Converted((value) => (typeof value === 'string' ? read(value) : value));
}
