import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { isObject, readDto, readKnown } from './dto-reader.js';
import { isOptionalBody } from './dto-shape.js';
import { ApiError } from './errors.js';
import type { FieldFailure } from './failure-list.js';

/**
 * Turns bodies and queries into their DTOs. A body's unknown field is refused by name; `QueryGuard` does that for a
 * query. Values are converted only where the DTO says so. Nest's ValidationPipe silently removes `__proto__` members,
 * and accepts `null` and arrays as objects.
 */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (!metatype || !isDto(metatype)) return value;
    if (type === 'body') return this.readBody(metatype, value);
    if (type === 'query') return resultOf(readKnown(metatype, value as object));
    return value;
  }

  private readBody(dto: Type<object>, body: unknown): object {
    if (isObject(body)) return resultOf(readDto(dto, body));
    if (body === undefined) return this.readNoBody(dto);
    throw ApiError.validation([{ field: '', message: 'The body must be a JSON object' }]);
  }

  /** Names the required fields. If there are none, the body was still forgotten: the request would change nothing. */
  private readNoBody(dto: Type<object>): object {
    const read = resultOf(readDto(dto, {}));
    if (isOptionalBody(dto)) return read;
    throw ApiError.validation([{ field: '', message: 'The body is required: a JSON object' }]);
  }
}

const NO_DTO: readonly unknown[] = [String, Number, Boolean, Array, Object, Date, Buffer];

function isDto(metatype: Type<unknown>): metatype is Type<object> {
  return !NO_DTO.includes(metatype);
}

/** The first failure makes it a refusal, which also names the failures after it. */
function resultOf(reading: Generator<FieldFailure, object>): object {
  const first = reading.next();
  if (first.done) return first.value;
  throw ApiError.validation(startingWith(first.value, reading));
}

function* startingWith(first: FieldFailure, rest: Iterable<FieldFailure>): Generator<FieldFailure> {
  yield first;
  yield* rest;
}
