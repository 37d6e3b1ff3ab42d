import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { Converted } from '../../http/dto-shape.js';
import type { StatusRange } from '../queue/list-deliveries.js';

const STATUS_OR_CLASS = /^[1-5](?:\d\d|xx)$/;

/** An HTTP status or a class such as `4xx`, as a range of statuses. */
export function QueryResponseStatus({ description }: { description: string }): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ description, type: 'string', pattern: STATUS_OR_CLASS.source }),
    IsOptional(),
    Converted((value) => (typeof value === 'string' && STATUS_OR_CLASS.test(value) ? rangeOf(value) : value)),
    ValidateBy({
      name: 'isStatusRange',
      validator: {
        validate: (value: unknown) => typeof value === 'object',
        defaultMessage: () => 'must be an HTTP status, such as 500, or a class of them, such as 5xx',
      },
    }),
  );
}

function rangeOf(text: string): StatusRange {
  return { from: Number(text.replace('xx', '00')), to: Number(text.replace('xx', '99')) };
}
