import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';

const CONVERSION = Symbol('conversion');
const ITEM = Symbol('item');
const SEVERAL = Symbol('several');
const OPTIONAL_BODY = Symbol('optional body');

export function Converted(convert: (value: unknown) => unknown): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(CONVERSION, convert, prototype, name);
}

/** Each item of the array is read as this DTO. The property's own rules check that it is an array. */
export function ItemsOf(dto: Type<object>): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(ITEM, dto, prototype, name);
}

export function TakesSeveral(): PropertyDecorator {
  return (prototype, name) => Reflect.defineMetadata(SEVERAL, true, prototype, name);
}

/** A request may leave out a body of this DTO: everything in it is optional. */
export function markOptionalBody(dto: Type<object>): void {
  Reflect.defineMetadata(OPTIONAL_BODY, true, dto);
}

export function isOptionalBody(dto: Type<object>): boolean {
  return Reflect.hasOwnMetadata(OPTIONAL_BODY, dto);
}

export interface DtoProperty {
  name: string;
  convert: ((value: unknown) => unknown) | null;
  item: Type<object> | null;
  takesSeveral: boolean;
}

const shapes = new Map<Type<object>, ReadonlyMap<string, DtoProperty>>();

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
      const takesSeveral = Reflect.hasMetadata(SEVERAL, prototype, name);
      return [name, { name, convert, item, takesSeveral }];
    }),
  );
}
