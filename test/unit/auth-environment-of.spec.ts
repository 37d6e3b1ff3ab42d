import { environmentOf } from '../../src/auth/current-environment.decorator.js';
import type { Principal } from '../../src/auth/principal.js';
import { ApiError } from '../../src/http/errors.js';

const OWN = '05daecaf-4365-42e8-8370-8127de5dd717';
const OTHER = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61';
const admin: Principal = { kind: 'admin' };
const token: Principal = {
  kind: 'api_token',
  id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a62',
  name: 'orders',
  environmentId: OWN,
  webhookId: null,
  scopes: [],
  expiresAt: null,
};

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
  return undefined;
}

describe('The environment that a request acts in', () => {
  it("is the API token's own, named or not, in any letter case", () => {
    expect(environmentOf(token, undefined)).toBe(OWN);
    expect(environmentOf(token, OWN)).toBe(OWN);
    expect(environmentOf(token, OWN.toUpperCase())).toBe(OWN);
  });

  it('is not another than that of the API token', () => {
    expect(codeOf(() => environmentOf(token, OTHER))).toBe('ENVIRONMENT_MISMATCH');
  });

  it('is named by the admin token, in lower case from then on', () => {
    expect(environmentOf(admin, OTHER)).toBe(OTHER);
    expect(environmentOf(admin, OTHER.toUpperCase())).toBe(OTHER);
    expect(codeOf(() => environmentOf(admin, undefined))).toBe('ENVIRONMENT_REQUIRED');
  });

  it.each([[''], ['default'], [[OWN, OWN]], [{ $ne: '' }], [`${OWN} `]])('is not read from %j', (named) => {
    expect(codeOf(() => environmentOf(admin, named))).toBe('VALIDATION_FAILED');
    expect(codeOf(() => environmentOf(token, named))).toBe('VALIDATION_FAILED');
  });
});
