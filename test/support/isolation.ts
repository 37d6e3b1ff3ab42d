import { missingCodeOf, namesResource, OF_ONE_WEBHOOK, OPERATIONS, SCOPES, successOf } from './operations.js';

/**
 * Who makes a request, as far as the answer depends on it. `names`: what the query `environment_id` names. A neighbour has a
 * token for one webhook of the owner's environment, which is another one than the resources are about.
 */
export type Principal =
  | { kind: 'nobody' }
  | {
      kind: 'owner' | 'neighbour' | 'stranger';
      holds: 'all scopes' | 'all but the scope' | 'the scope';
      isForOneWebhook: boolean;
      names: EnvironmentName;
    }
  | { kind: 'admin'; names: EnvironmentName };

const ALL = { holds: 'all scopes', isForOneWebhook: false } as const;
const ONE = { holds: 'all scopes', isForOneWebhook: true } as const;

/** No environment, the one of the resources, another one that exists, or one that does not. */
type EnvironmentName = 'none' | 'the owner’s' | 'another' | 'a missing one';

export const PRINCIPALS = {
  'no token': { kind: 'nobody' },
  'a malformed token': { kind: 'nobody' },
  'a token under another scheme': { kind: 'nobody' },
  'an unknown token': { kind: 'nobody' },
  'an expired token': { kind: 'nobody' },
  'a revoked token': { kind: 'nobody' },
  'a token of a deleted environment': { kind: 'nobody' },
  'a token of a deleted webhook': { kind: 'nobody' },
  'every scope but that': { ...ALL, kind: 'owner', holds: 'all but the scope', names: 'none' },
  'that scope alone': { ...ALL, kind: 'owner', holds: 'the scope', names: 'none' },
  'all scopes': { ...ALL, kind: 'owner', names: 'none' },
  'all scopes, naming its environment': { ...ALL, kind: 'owner', names: 'the owner’s' },
  'all scopes, naming another environment': { ...ALL, kind: 'owner', names: 'another' },
  'all scopes in another environment': { ...ALL, kind: 'stranger', names: 'none' },
  'all scopes in another environment, naming the owner’s': { ...ALL, kind: 'stranger', names: 'the owner’s' },
  'a token of the webhook': { ...ONE, kind: 'owner', names: 'none' },
  'a token of the webhook, naming its environment': { ...ONE, kind: 'owner', names: 'the owner’s' },
  'a token of the webhook, naming another environment': { ...ONE, kind: 'owner', names: 'another' },
  'a token of another webhook': { ...ONE, kind: 'neighbour', names: 'none' },
  'a token of another webhook, naming the environment': { ...ONE, kind: 'neighbour', names: 'the owner’s' },
  'a token of a webhook in another environment': { ...ONE, kind: 'stranger', names: 'none' },
  'a token of a webhook in another environment, naming the owner’s': { ...ONE, kind: 'stranger', names: 'the owner’s' },
  'the admin, naming none': { kind: 'admin', names: 'none' },
  'the admin, naming the owner’s': { kind: 'admin', names: 'the owner’s' },
  'the admin, naming another': { kind: 'admin', names: 'another' },
  'the admin, naming a deleted one': { kind: 'admin', names: 'a missing one' },
  'the admin, naming an unknown one': { kind: 'admin', names: 'a missing one' },
} as const satisfies Record<string, Principal>;

export type PrincipalName = keyof typeof PRINCIPALS;

/** Whether the principal has a right to change what the owner has. */
export function isEntitled(principal: Principal): boolean {
  if (principal.kind === 'admin') return principal.names === 'the owner’s';
  return principal.kind === 'owner' && principal.holds !== 'all but the scope' && principal.names !== 'another';
}

export interface ExpectedAnswer {
  status: number;
  /** Of the error; null: it is a success, or has no body. */
  code: string | null;
}

/** The row of a token for a webhook of the owner's, in the environment of whoever asks. */
export const MAKING_WEBHOOK_TOKEN = 'POST /api-token of a webhook';

/** The operation that a row of the matrix is about. */
export function operationOf(name: string): string {
  return name === MAKING_WEBHOOK_TOKEN ? 'POST /api-token' : name.replace(/^HEAD /, 'GET ');
}

/**
 * What is answered to a complete and valid request for a resource of the owner's.
 *
 * @param name `POST /webhook`, or `HEAD /webhook` for what has a GET, or {@link MAKING_WEBHOOK_TOKEN}.
 * @throws where nobody wrote down who may do it.
 */
export function expectedAnswer(name: string, principal: Principal): ExpectedAnswer {
  const isHead = name.startsWith('HEAD ');
  const operation = operationOf(name);
  const access = OPERATIONS[operation];
  if (access === undefined) throw new Error(`test/support/operations.ts does not tell who may ${operation}`);
  const isElsewhere = name === MAKING_WEBHOOK_TOKEN && principal.kind === 'admin' && !isEntitled(principal);
  const code = isElsewhere ? 'WEBHOOK_NOT_FOUND' : refusalOf(operation, access, principal);
  if (code === null) return { status: successOf(operation), code: null };
  return { status: STATUSES[code] ?? 404, code: isHead ? null : code };
}

/** The codes that are no 404. */
const STATUSES: Record<string, number> = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ENVIRONMENT_REQUIRED: 400,
  ENVIRONMENT_MISMATCH: 400,
};

function refusalOf(operation: string, access: string, principal: Principal): string | null {
  if (access === 'no token') return null;
  if (principal.kind === 'nobody') return 'UNAUTHORIZED';
  const isScoped = SCOPES.includes(access);
  if (principal.kind === 'admin') {
    if (!isScoped) return null;
    if (principal.names === 'none') return 'ENVIRONMENT_REQUIRED';
    if (principal.names === 'a missing one') return 'ENVIRONMENT_NOT_FOUND';
    return principal.names === 'another' && namesResource(operation) ? missingCodeOf(operation) : null;
  }
  if (access === 'admin' || (isScoped && principal.holds === 'all but the scope')) return 'FORBIDDEN';
  if (isScoped && principal.isForOneWebhook && !OF_ONE_WEBHOOK.includes(operation)) return 'FORBIDDEN';
  const own = principal.kind === 'stranger' ? 'another' : 'the owner’s';
  if (principal.names !== 'none' && principal.names !== own) return 'ENVIRONMENT_MISMATCH';
  return isScoped && principal.kind !== 'owner' && namesResource(operation) ? missingCodeOf(operation) : null;
}

/** What is wrong with an answer, or null. */
export function differenceOf(expected: ExpectedAnswer, answer: { status: number; text: string }): string | null {
  const code = codeIn(answer.text);
  if (answer.status === expected.status && code === expected.code) return null;
  const told = ({ status, code: name }: ExpectedAnswer): string =>
    name === null ? String(status) : `${status} ${name}`;
  return `${told({ status: answer.status, code })} instead of ${told(expected)}`;
}

function codeIn(text: string): string | null {
  // The metrics are no JSON.
  if (!text.startsWith('{')) return null;
  return (JSON.parse(text) as { code?: string }).code ?? null;
}
