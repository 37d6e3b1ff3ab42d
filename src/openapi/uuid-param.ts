import { Param, type PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ApiErrors } from './api-errors.js';
import { notFound, type NotFoundCode, resourceOf } from '../http/not-found.js';
import { isUuid } from '../common/uuid-v7.js';

/**
 * In lower case. A malformed id is answered like a missing one, without asking the database.
 *
 * @param code the error of the resource that the path names.
 */
export function UuidParam(code: NotFoundCode, name = 'id'): ParameterDecorator {
  return (target, key, index) => {
    const method = Object.getOwnPropertyDescriptor(target, key!)!;
    Param(name, new UuidPipe(code))(target, key, index);
    ApiParam({
      name,
      description: `The id of the ${resourceOf(code)}. A malformed one is answered as one that does not exist.`,
      schema: { type: 'string', format: 'uuid' },
    })(target, key!, method);
    ApiErrors(code)(target, key!, method);
  };
}

class UuidPipe implements PipeTransform<string, string> {
  constructor(private readonly code: NotFoundCode) {}

  transform(id: string): string {
    if (!isUuid(id)) throw notFound(this.code);
    return id.toLowerCase();
  }
}
