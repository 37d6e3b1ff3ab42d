import { refusalOf, refuseUnlessAllowed } from '../../src/auth/access-rule.js';
import type { Access } from '../../src/auth/access.decorators.js';
import { ApiError } from '../../src/http/errors.js';
import { type Principal, SCOPES, WEBHOOK_SCOPES, actorOf } from '../../src/auth/principal.js';
import { principalOf } from '../../src/auth/request-principal.js';

const admin: Principal = { kind: 'admin' };
const reader: Principal = {
  kind: 'api_token',
  id: '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a61',
  name: 'reader',
  environmentId: '05daecaf-4365-42e8-8370-8127de5dd717',
  webhookId: null,
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

describe('An access rule for a token of one webhook', () => {
  const WEBHOOK = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
  const OTHER = '0198a3f2-6a3c-7d52-9c1e-5b8f0e2d4a69';
  // With scopes that it is never given: it is not they that keep it out.
  const token: Principal = { ...reader, scopes: SCOPES, webhookId: WEBHOOK };
  const ofPath: Access = { kind: 'scopes', scopes: ['webhook:write'], keptToWebhookBy: 'path' };

  const codeOf = (access: Access, params: unknown, query: unknown = {}): string | null => {
    try {
      refuseUnlessAllowed(token, access, { query, params });
      return null;
    } catch (error) {
      if (error instanceof ApiError) return error.code;
      throw error;
    }
  };

  it('that does not say what keeps it to that one refuses it', () => {
    for (const scope of SCOPES) {
      expect(codeOf({ kind: 'scopes', scopes: [scope] }, { id: WEBHOOK })).toBe('FORBIDDEN');
      expect(refusalOf(token, { kind: 'scopes', scopes: [scope], isIntake: true })).toBe(
        'The token is for one webhook; this takes a token of the environment',
      );
    }
    expect(codeOf({ kind: 'admin' }, {})).toBe('FORBIDDEN');
  });

  it('by its path lets in the one that it names, in any letter case, and is answered as if there were no other', () => {
    expect(codeOf(ofPath, { id: WEBHOOK })).toBeNull();
    expect(codeOf(ofPath, { id: WEBHOOK.toUpperCase() })).toBeNull();
    for (const params of [{ id: OTHER }, { id: 'nonsense' }, { id: '' }, {}, { id: [WEBHOOK] }]) {
      expect(codeOf(ofPath, params)).toBe('WEBHOOK_NOT_FOUND');
    }
  });

  it('still asks for its scopes, and for its environment before it looks at the path', () => {
    expect(refusalOf({ ...token, scopes: ['webhook:read'] }, ofPath)).toBe('The token lacks the scope webhook:write');
    expect(codeOf(ofPath, { id: OTHER }, { environment_id: OTHER })).toBe('ENVIRONMENT_MISMATCH');
  });

  it('by its handler lets it in, and so does one for any token', () => {
    for (const scope of WEBHOOK_SCOPES) {
      expect(codeOf({ kind: 'scopes', scopes: [scope], keptToWebhookBy: 'handler' }, { id: OTHER })).toBeNull();
    }
    expect(codeOf({ kind: 'any_token' }, {})).toBeNull();
  });
});

describe('A principal', () => {
  it('is named in the log of changes as admin or by the id of its token', () => {
    expect(actorOf(admin)).toBe('admin');
    expect(actorOf(reader)).toBe(reader.id);
  });

  it('is asked for where there must be one: a request without one throws', () => {
    expect(principalOf({ principal: reader })).toBe(reader);
    expect(() => principalOf({ principal: null })).toThrow('no principal');
  });
});
