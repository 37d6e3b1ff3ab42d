import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { isObject, readDto, readKnown } from './dto-reader.js';
import { ApiError } from './errors.js';
import type { FieldFailure } from './failure-list.js';

/**
 * Turns bodies and queries into their DTOs and refuses what does not have the documented form: in a body an unknown
 * field is refused by name, in a query it is ignored. Only what a DTO converts by a decorator of its own is converted.
 *
 * Nest's ValidationPipe removes `__proto__` members without a word, and takes `null` and arrays for an object.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (!metatype || !isDto(metatype)) return value;
    if (type === 'body') return this.readBody(metatype, value);
    if (type === 'query') return resultOf(readKnown(metatype, value as object));
    return value;
  }

  private readBody(dto: Type<object>, body: unknown = {}): object {
    if (isObject(body)) return resultOf(readDto(dto, body));
    throw ApiError.validation([{ field: '', message: 'The body must be a JSON object' }]);
  }
}

const NO_DTO: readonly unknown[] = [String, Number, Boolean, Array, Object, Date, Buffer];

function isDto(metatype: Type<unknown>): metatype is Type<object> {
  return !NO_DTO.includes(metatype);
}

/** What the reading comes to if it yields no failure; with the first one it is a refusal, which names those after it, too. */
function resultOf(reading: Generator<FieldFailure, object>): object {
  const first = reading.next();
  if (first.done) return first.value;
  throw ApiError.validation(startingWith(first.value, reading));
}

function* startingWith(first: FieldFailure, rest: Iterable<FieldFailure>): Generator<FieldFailure> {
  yield first;
  yield* rest;
}
