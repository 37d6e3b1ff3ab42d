import type { FieldFailure } from './failure-list.js';
import { nearestName } from './nearest-name.js';

export interface QueryParameter {
  takesSeveral: boolean;
}

export interface RouteQuery {
  /** Those with an operator, such as `created_at[gt]`, are never suggested. */
  parameters: ReadonlyMap<string, QueryParameter>;
  isRead: boolean;
}

/** Every route with a token accepts the token's own environment. */
const EVERYWHERE = 'environment_id';

/**
 * Finds unknown parameters, which would be filters that do not filter, and parameters given twice. Besides its own
 * parameters, a route accepts:
 *
 * - `environment_id`, if it needs a token;
 * - `limit` and an empty `next_cursor`, if it reads: generic clients send them to everything that they call a list;
 * - a bare `?`, or an extra `&`.
 */
export function faultsOfQuery(query: Readonly<Record<string, unknown>>, route: RouteQuery): FieldFailure[] {
  const failures: FieldFailure[] = [];
  for (const [name, value] of Object.entries(query)) {
    const message = faultOf(name, value, route);
    if (message !== null) failures.push({ field: name, message });
  }
  return failures;
}

function faultOf(name: string, value: unknown, { parameters, isRead }: RouteQuery): string | null {
  const parameter = parameters.get(name);
  const isKnown =
    parameter !== undefined ||
    name === EVERYWHERE ||
    (isRead && (name === 'limit' || (name === 'next_cursor' && value === ''))) ||
    (name === '' && value === '');
  if (!isKnown) return unknown(name, [...parameters.keys(), EVERYWHERE]);
  return Array.isArray(value) && !parameter?.takesSeveral ? 'must be given once' : null;
}

function unknown(name: string, known: readonly string[]): string {
  const [field = ''] = name.split('[', 1);
  const nearest = nearestName(
    field,
    known.filter((candidate) => !candidate.includes('[')),
  );
  const suggestion = nearest === null ? '' : `; did you mean ${nearest}?`;
  return `is not a known query parameter${suggestion}`;
}
