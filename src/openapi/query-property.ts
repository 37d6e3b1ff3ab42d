import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsDate, IsIn, IsInt, IsOptional, IsUUID, Max, Min, ValidateBy } from 'class-validator';
import { Converted, TakesSeveral } from '../http/dto-shape.js';
import type { NamedEnum } from './named-enum.js';
import { isUuid } from '../common/uuid-v7.js';

/*
 * Query parameters arrive as text. Each decorator documents one optional parameter and converts valid text. It leaves
 * any other as it is, so that its validator refuses it by name. None has an example: Swagger UI would send it with
 * every request that is tried out.
 */

interface QueryOptions {
  description?: string;
}

export function QueryBoolean(options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'boolean' }),
    IsOptional(),
    convert((text) => (text === 'true' ? true : text === 'false' ? false : text)),
    IsBoolean({ message: 'must be true or false' }),
  );
}

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

export function QueryDate(options: { description: string }): PropertyDecorator {
  const description = `${options.description} A date alone, such as \`2021-08-10\`, is its first instant in UTC.`;
  return applyDecorators(ApiPropertyOptional({ description, type: 'string', format: 'date-time' }), QueryInstant());
}

/** ISO 8601 with its offset from UTC, such as `2021-08-10T10:00:00.000Z`, or a date, which means its start in UTC. */
export function QueryInstant(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    convert((text) => instantInQuery(text) ?? text),
    IsDate({ message: 'must be a date, or a date and time with an offset, such as 2021-08-10T10:00:00.000Z' }),
  );
}

/** Becomes lower case. */
export function QueryUuid(options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'string', format: 'uuid' }),
    IsOptional(),
    convert((text) => text.toLowerCase()),
    IsUUID('loose', { message: 'must be a UUID' }),
  );
}

/** The text stays unchanged; its documented form is among the options. */
export function QueryText(
  isValid: (text: unknown) => boolean,
  rule: string,
  options: QueryOptions & { minLength?: number; maxLength?: number; pattern?: string } = {},
): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, type: 'string' }),
    IsOptional(),
    ValidateBy({ name: 'isText', validator: { validate: isValid, defaultMessage: () => rule } }),
  );
}

/** Separated by commas or each in its own parameter; becomes an array, lower case. */
export function QueryUuids(max: number): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    TakesSeveral(),
    Converted((value) => listOf(value, (text) => text.toLowerCase())),
    IsListOf(isUuid, max, `must be UUIDs, ${max} at most`),
  );
}

const UUID_PATTERN = '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}';

/** A UUID becomes lower case; a word must have exactly these letters. */
export function QueryUuidOr(words: readonly string[], options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    // Not a union of the two: many generators do not support unions of texts.
    ApiPropertyOptional({ ...options, type: 'string', pattern: `^(?:${UUID_PATTERN}|${words.join('|')})$` }),
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

export function QueryOneOf(values: NamedEnum, options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, ...values }),
    IsOptional(),
    IsIn(values.enum, { message: `must be one of ${values.enum.join(', ')}` }),
  );
}

export function QueryAnyOf(values: NamedEnum, options: QueryOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ ...options, ...values, isArray: true }),
    IsOptional(),
    TakesSeveral(),
    Converted((value) => listOf(value, (text) => text)),
    IsListOf(
      (item) => values.enum.some((known) => known === item),
      values.enum.length,
      `must be one of ${values.enum.join(', ')}`,
    ),
  );
}

const INSTANT = /^\d{4}-\d{2}-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/** Date.parse alone takes local times, bare years and English, and moves 30 February into March. */
export function instantOf(text: string): Date | null {
  const day = INSTANT.exec(text)?.[1];
  if (day === undefined) return null;
  const calendarDay = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  const instant = new Date(text);
  return calendarDay.getUTCDate() === Number(day) && !Number.isNaN(instant.getTime()) ? instant : null;
}

/** A `+` that was not encoded arrives as a space, and people write a date to mean its start. */
function instantInQuery(text: string): Date | null {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return instantOf(`${text}T00:00:00Z`);
  return instantOf(text.replace(/ (?=\d{2}:\d{2}$)/, '+'));
}

/** Each once and in a fixed order, so that cursors recognise the filter. */
function listOf(value: unknown, convertItem: (text: string) => string): unknown {
  if (value === undefined) return undefined;
  const texts = [value].flat() as string[];
  const items = texts.flatMap((text) => text.split(',')).map(convertItem);
  return [...new Set(items)].sort((a, b) => (a < b ? -1 : 1));
}

function IsListOf(isItem: (item: unknown) => boolean, max: number, rule: string): PropertyDecorator {
  return ValidateBy({
    name: 'isListOf',
    validator: {
      validate: (value: unknown) => Array.isArray(value) && value.length <= max && value.every(isItem),
      defaultMessage: () => rule,
    },
  });
}

function convert(read: (text: string) => unknown): PropertyDecorator {
  return Converted((value) => (typeof value === 'string' ? read(value) : value));
}
