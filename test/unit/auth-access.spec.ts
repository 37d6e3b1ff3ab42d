import { refusalOf } from '../../src/auth/access-rule.js';
import { type Principal, SCOPES, actorOf } from '../../src/auth/principal.js';
import { principalOf, setPrincipal } from '../../src/auth/request-principal.js';

const admin: Principal = { kind: 'admin' };
const reader: Principal = {
  kind: 'api_token',
  id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  name: 'reader',
  environmentId: '05daecaf-4365-42e8-8370-8127de5dd717',
  scopes: ['webhook:read', 'event:read'],
  expiresAt: null,
};

describe('An access rule', () => {
  it('of scopes lets in a token that holds all of them', () => {
    expect(refusalOf(reader, { kind: 'scopes', scopes: ['webhook:read'] })).toBeNull();
    expect(refusalOf(reader, { kind: 'scopes', scopes: ['event:read', 'webhook:read'] })).toBeNull();
  });

  it('of scopes names those that the token lacks', () => {
    expect(refusalOf(reader, { kind: 'scopes', scopes: ['webhook:read', 'webhook:write'] })).toBe(
      'The token lacks the scope webhook:write',
    );
    expect(refusalOf(reader, { kind: 'scopes', scopes: ['event:write', 'webhook:write'] })).toBe(
      'The token lacks the scopes event:write and webhook:write',
    );
  });

  it('for the admin refuses an API token, even one with every scope', () => {
    expect(refusalOf({ ...reader, scopes: SCOPES }, { kind: 'admin' })).toBe('Only the admin token may do this');
  });

  it('for any token lets in a token without a fitting scope', () => {
    expect(refusalOf({ ...reader, scopes: [] }, { kind: 'any_token' })).toBeNull();
  });

  it('of any kind lets the admin in', () => {
    expect(refusalOf(admin, { kind: 'scopes', scopes: SCOPES })).toBeNull();
    expect(refusalOf(admin, { kind: 'admin' })).toBeNull();
    expect(refusalOf(admin, { kind: 'any_token' })).toBeNull();
  });
});

describe('A principal', () => {
  it('is named in the log of changes as admin or by the id of its token', () => {
    expect(actorOf(admin)).toBe('admin');
    expect(actorOf(reader)).toBe(reader.id);
  });

  it('belongs to one request alone, and a request without one throws', () => {
    const request = {};
    setPrincipal(request, reader);
    expect(principalOf(request)).toBe(reader);
    expect(() => principalOf({})).toThrow('no principal');
  });
});
