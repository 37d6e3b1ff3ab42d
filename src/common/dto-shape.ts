import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';

const CONVERSION = Symbol('conversion');
const ITEM = Symbol('item');

/** The property is what this makes of the value in the request. */
export function Converted(convert: (value: unknown) => unknown): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(CONVERSION, convert, prototype, name);
}

/** The property is an array of objects, each read as this DTO. That it is an array is for the property's own rules. */
export function ItemsOf(dto: Type<object>): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(ITEM, dto, prototype, name);
}

export interface DtoProperty {
  name: string;
  convert: ((value: unknown) => unknown) | null;
  item: Type<object> | null;
}

const shapes = new Map<Type<object>, ReadonlyMap<string, DtoProperty>>();

/** The properties that a DTO declares, by name: those with a rule. */
export function shapeOf(dto: Type<object>): ReadonlyMap<string, DtoProperty> {
  let shape = shapes.get(dto);
  if (!shape) shapes.set(dto, (shape = findShape(dto)));
  return shape;
}

function findShape(dto: Type<object>): ReadonlyMap<string, DtoProperty> {
  const prototype = dto.prototype as object;
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  return new Map(
    rules.map(({ propertyName: name }) => {
      const convert = (Reflect.getMetadata(CONVERSION, prototype, name) ?? null) as DtoProperty['convert'];
      const item = (Reflect.getMetadata(ITEM, prototype, name) ?? null) as DtoProperty['item'];
      return [name, { name, convert, item }];
    }),
  );
}
