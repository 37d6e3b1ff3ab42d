import {
  differenceOf,
  expectedAnswer,
  MAKING_WEBHOOK_TOKEN,
  PRINCIPALS,
  type PrincipalName,
} from '../support/isolation.js';

/* What test/e2e/isolation-matrix.e2e.spec.ts compares with, and that it sees a difference. */

const WITHOUT_TOKEN: Partial<Record<PrincipalName, string>> = {
  'no token': '401 UNAUTHORIZED',
  'a malformed token': '401 UNAUTHORIZED',
  'a token under another scheme': '401 UNAUTHORIZED',
  'an unknown token': '401 UNAUTHORIZED',
  'an expired token': '401 UNAUTHORIZED',
  'a revoked token': '401 UNAUTHORIZED',
  'a token of a deleted environment': '401 UNAUTHORIZED',
  'a token of a deleted webhook': '401 UNAUTHORIZED',
};

const EVERY_200 = Object.fromEntries(Object.keys(PRINCIPALS).map((name) => [name, '200'])) as Record<
  PrincipalName,
  string
>;

/** Whoever names an environment that is not their token's. */
const MISTAKEN: Partial<Record<PrincipalName, string>> = {
  'all scopes, naming another environment': '400 ENVIRONMENT_MISMATCH',
  'all scopes in another environment, naming the owner’s': '400 ENVIRONMENT_MISMATCH',
  'a token of the webhook, naming another environment': '400 ENVIRONMENT_MISMATCH',
  'a token of a webhook in another environment, naming the owner’s': '400 ENVIRONMENT_MISMATCH',
};

/** Tokens of one webhook, of whichever. */
const OF_ONE: Partial<Record<PrincipalName, string>> = Object.fromEntries(
  Object.keys(PRINCIPALS)
    .filter((name) => /^a token of (the|another|a) webhook/.test(name))
    .map((name) => [name, '403 FORBIDDEN']),
);

const SCOPED: Record<PrincipalName, string> = {
  ...EVERY_200,
  ...WITHOUT_TOKEN,
  ...MISTAKEN,
  'every scope but that': '403 FORBIDDEN',
  'the admin, naming none': '400 ENVIRONMENT_REQUIRED',
  'the admin, naming a deleted one': '404 ENVIRONMENT_NOT_FOUND',
  'the admin, naming an unknown one': '404 ENVIRONMENT_NOT_FOUND',
};

const ROWS: Record<string, Record<PrincipalName, string>> = {
  'GET /metrics': EVERY_200,
  'GET /webhook': SCOPED,
  'GET /webhook/{id}': {
    ...SCOPED,
    'all scopes in another environment': '404 WEBHOOK_NOT_FOUND',
    'a token of another webhook': '404 WEBHOOK_NOT_FOUND',
    'a token of another webhook, naming the environment': '404 WEBHOOK_NOT_FOUND',
    'a token of a webhook in another environment': '404 WEBHOOK_NOT_FOUND',
    'the admin, naming another': '404 WEBHOOK_NOT_FOUND',
  },
  'GET /delivery': SCOPED,
  'GET /delivery/{id}': {
    ...SCOPED,
    'all scopes in another environment': '404 DELIVERY_NOT_FOUND',
    'a token of another webhook': '404 DELIVERY_NOT_FOUND',
    'a token of another webhook, naming the environment': '404 DELIVERY_NOT_FOUND',
    'a token of a webhook in another environment': '404 DELIVERY_NOT_FOUND',
    'the admin, naming another': '404 DELIVERY_NOT_FOUND',
  },
  'GET /event': { ...SCOPED, ...OF_ONE },
  'GET /stats': { ...SCOPED, ...OF_ONE },
  'GET /me': { ...EVERY_200, ...WITHOUT_TOKEN, ...MISTAKEN },
  'GET /api-token/{id}': {
    ...EVERY_200,
    ...OF_ONE,
    ...WITHOUT_TOKEN,
    'every scope but that': '403 FORBIDDEN',
    'that scope alone': '403 FORBIDDEN',
    'all scopes': '403 FORBIDDEN',
    'all scopes, naming its environment': '403 FORBIDDEN',
    'all scopes, naming another environment': '403 FORBIDDEN',
    'all scopes in another environment': '403 FORBIDDEN',
    'all scopes in another environment, naming the owner’s': '403 FORBIDDEN',
  },
};

describe('what the isolation matrix expects', () => {
  it.each(Object.entries(ROWS))('follows from who may do it: %s', (name, row) => {
    const expected = Object.entries(PRINCIPALS).map(([principal, standing]) => {
      const { status, code } = expectedAnswer(name, standing);
      return [principal, code === null ? String(status) : `${status} ${code}`];
    });
    expect(Object.fromEntries(expected)).toEqual(row);
  });

  it('is the success of the operation where there is no refusal', () => {
    const owner = PRINCIPALS['all scopes'];
    expect(expectedAnswer('POST /webhook', owner)).toEqual({ status: 201, code: null });
    expect(expectedAnswer('POST /event', owner)).toEqual({ status: 202, code: null });
  });

  it('is of a token for a webhook that there is one in the owner’s environment alone', () => {
    const answers = Object.entries(PRINCIPALS).map(([name, standing]) => {
      const { status, code } = expectedAnswer(MAKING_WEBHOOK_TOKEN, standing);
      return [name, code === null ? String(status) : `${status} ${code}`] as const;
    });
    const byAdmin = answers.filter(([name]) => name.startsWith('the admin'));
    expect(Object.fromEntries(byAdmin)).toEqual({
      'the admin, naming none': '404 WEBHOOK_NOT_FOUND',
      'the admin, naming the owner’s': '201',
      'the admin, naming another': '404 WEBHOOK_NOT_FOUND',
      'the admin, naming a deleted one': '404 WEBHOOK_NOT_FOUND',
      'the admin, naming an unknown one': '404 WEBHOOK_NOT_FOUND',
    });
    const byOthers = answers.filter(([name]) => !name.startsWith('the admin')).map(([, answer]) => answer);
    expect(new Set(byOthers)).toEqual(new Set(['401 UNAUTHORIZED', '403 FORBIDDEN']));
  });

  it('is of HEAD the status of GET, without a code', () => {
    const stranger = PRINCIPALS['all scopes in another environment'];
    expect(expectedAnswer('HEAD /webhook/{id}', stranger)).toEqual({ status: 404, code: null });
  });

  it('is nothing for an operation of which nobody wrote down who may do it', () => {
    expect(() => expectedAnswer('POST /webhook/{id}/publish', PRINCIPALS['no token'])).toThrow(
      'does not tell who may POST /webhook/{id}/publish',
    );
  });
});

describe('the comparison of the isolation matrix', () => {
  const error = (code: string): string => JSON.stringify({ statusCode: 404, error: 'x', code, message: 'x' });
  const hidden = expectedAnswer('GET /webhook/{id}', PRINCIPALS['all scopes in another environment']);

  it('finds nothing where the answer is the expected one', () => {
    expect(differenceOf(hidden, { status: 404, text: error('WEBHOOK_NOT_FOUND') })).toBeNull();
    expect(differenceOf({ status: 200, code: null }, { status: 200, text: '# HELP a_total b' })).toBeNull();
    expect(differenceOf({ status: 401, code: null }, { status: 401, text: '' })).toBeNull();
  });

  it.each([
    ['a foreign resource', 200, '{"id":"x"}', '200 instead of 404 WEBHOOK_NOT_FOUND'],
    ['that it exists', 403, error('FORBIDDEN'), '403 FORBIDDEN instead of 404 WEBHOOK_NOT_FOUND'],
    ['another code', 404, error('EVENT_NOT_FOUND'), '404 EVENT_NOT_FOUND instead of 404 WEBHOOK_NOT_FOUND'],
    ['another status', 400, error('WEBHOOK_NOT_FOUND'), '400 WEBHOOK_NOT_FOUND instead of 404 WEBHOOK_NOT_FOUND'],
    ['no code', 404, '{}', '404 instead of 404 WEBHOOK_NOT_FOUND'],
  ])('finds an answer that tells %s', (_, status, text, difference) => {
    expect(differenceOf(hidden, { status, text })).toBe(difference);
  });
});
