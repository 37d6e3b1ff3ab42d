import { createHash } from 'node:crypto';
import { bearerTokenOf, hashToken, looksLikeApiToken, newApiToken } from '../../src/auth/bearer-token.js';

describe('API tokens', () => {
  it('carry a scannable prefix and 256 random bits', () => {
    const token = newApiToken();
    expect(token).toMatch(/^tdg_[A-Za-z0-9_-]{43}$/);
    expect(Buffer.from(token.slice(4), 'base64url')).toHaveLength(32);
    expect(looksLikeApiToken(token)).toBe(true);
  });

  it('never repeat', () => {
    expect(new Set(Array.from({ length: 1_000 }, newApiToken)).size).toBe(1_000);
  });

  it('are kept as the SHA-256 of their text', () => {
    expect(hashToken('tdg_x')).toEqual(createHash('sha256').update('tdg_x', 'utf8').digest());
  });

  it.each([
    '',
    'tdg_',
    `tdg_${'a'.repeat(42)}`,
    `tdg_${'a'.repeat(44)}`,
    `TDG_${'a'.repeat(43)}`,
    `tdg_${'='.repeat(43)}`,
  ])('are not confused with %j', (text) => {
    expect(looksLikeApiToken(text)).toBe(false);
  });
});

describe('The Authorization header', () => {
  it.each(['Bearer secret-1', 'bearer secret-1', 'BEARER   secret-1'])('gives the token of %j', (header) => {
    expect(bearerTokenOf(header)).toBe('secret-1');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'secret-1',
    'Basic c2VjcmV0',
    'Bearersecret-1',
    'Bearer secret 1',
    'Bearer secret,Bearer other',
    'Bearer secret-1 ',
    ' Bearer secret-1',
    'Bearer sécret',
    'Token secret-1',
  ])('gives no token for %j', (header) => {
    expect(bearerTokenOf(header)).toBeNull();
  });
});
