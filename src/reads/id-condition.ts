import { And, type FindOperator, In, LessThan, MoreThanOrEqual } from 'typeorm';
import { type IdFilter, idRangeOf, idsInRange } from './id-range.js';

export function idCondition(filter: IdFilter, before: string | null): { id?: FindOperator<string> } {
  const range = { ...filter, before };
  if (filter.ids) return { id: In(idsInRange(filter.ids, range)) };
  const [from, below] = idRangeOf(range);
  const bounds = [
    ...(filter.createdAfter ? [MoreThanOrEqual(from)] : []),
    ...(filter.createdBefore || before !== null ? [LessThan(below)] : []),
  ];
  return bounds.length > 0 ? { id: And(...bounds) } : {};
}
