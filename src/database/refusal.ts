import { OperatorError } from '../common/operator-error.js';
import { sqlstateOf } from './sqlstate.js';

const TAKEN =
  'The database holds something of another application under a name that Tidings needs. Give Tidings a database or a schema of its own (DATABASE_URL).';
const RIGHTS = 'docs/operations.md, "Roles", has the grants that the role needs.';

const ADVICE: Readonly<Record<string, string>> = {
  '25006': 'The database takes no writes. Let DATABASE_URL name the primary.',
  '42501': RIGHTS,
  '42703': TAKEN,
  '42710': TAKEN,
  '42723': TAKEN,
  '42809': TAKEN,
  '42P07': TAKEN,
  '42P16': TAKEN,
  '53100': 'Make room on the disk of the database.',
  '57014': 'The statement_timeout of the role or the database is too small: make it 0, or 10s at least.',
};

export function asRefusal(error: unknown): unknown {
  const advice = ADVICE[sqlstateOf(error) ?? ''];
  if (advice === undefined || !(error instanceof Error)) return error;
  return new OperatorError(`The database cannot be used: ${error.message}. ${advice}`, { cause: error });
}
