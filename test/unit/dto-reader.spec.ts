import 'reflect-metadata';
import { IsIn, IsString } from 'class-validator';
import { readDto, readKnown } from '../../src/http/dto-reader.js';
import { Converted, ItemsOf } from '../../src/http/dto-shape.js';
import type { FieldFailure } from '../../src/http/failure-list.js';
import { MayBeAbsent } from '../../src/openapi/property-rules.js';

let validated = 0;

class MemberDto {
  @IsString({ message: () => `must be a string (${(validated += 1)})` })
  name: string;
}

class ThingDto {
  @MayBeAbsent()
  @IsString()
  @Converted((value) => (value === '' ? undefined : value))
  text?: string;

  @MayBeAbsent()
  @IsIn(['a', 'b'], { each: true })
  kinds: string[] = ['a'];

  @MayBeAbsent()
  @ItemsOf(MemberDto)
  members?: MemberDto[];
}

/** All that is wrong, and what was made. */
function readAll(reading: Generator<FieldFailure, object>): { failures: FieldFailure[]; read: object } {
  const failures: FieldFailure[] = [];
  for (;;) {
    const step = reading.next();
    if (step.done) return { failures, read: step.value };
    failures.push(step.value);
  }
}

describe('what is read of a request', () => {
  it('has the names that the DTO declares, converted by it alone', () => {
    const { failures, read } = readAll(readDto(ThingDto, { text: '', members: [{ name: '1' }] }));
    expect(failures).toEqual([]);
    expect(read).toBeInstanceOf(ThingDto);
    expect(read).toEqual({ kinds: ['a'], text: undefined, members: [{ name: '1' }] });
    expect((read as ThingDto).members![0]).toBeInstanceOf(MemberDto);
  });

  it('is none of the names that it does not declare, which are told or passed over', () => {
    const plain = { ...(JSON.parse('{"__proto__":{"polluted":1}}') as object), text: 'x', toString: 1, more: {} };
    const { failures, read } = readAll(readDto(ThingDto, plain));
    expect(failures.map(({ field }) => field)).toEqual(['__proto__', 'toString', 'more']);
    expect(Object.keys(read).sort()).toEqual(['kinds', 'text']);
    expect(readAll(readKnown(ThingDto, plain))).toEqual({ failures: [], read });
  });

  it('is told of a field by its rules or else by its characters, not twice', () => {
    const { failures } = readAll(readDto(ThingDto, { text: 'a\0', kinds: ['a', 'b\ud800'] }));
    expect(failures).toEqual([
      { field: 'kinds.1', message: 'must be one of the following values: a, b' },
      { field: 'text', message: 'must not hold NUL or lone surrogates' },
    ]);
  });

  it('is looked at no further than somebody asks', () => {
    const reading = readDto(ThingDto, { members: Array.from({ length: 1_000 }, () => ({ name: 7 })) });
    validated = 0;
    for (let asked = 0; asked < 10; asked++) {
      expect(reading.next().value).toMatchObject({ field: `members.${asked}.name` });
    }
    expect(validated).toBe(10);
  });
});
