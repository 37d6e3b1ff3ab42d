import { hash, randomBytes } from 'node:crypto';

/** Helps secret scanners find a token in a repository or a log. */
const PREFIX = 'tdg_';
const RANDOM_BYTES = 32;
const API_TOKEN = /^tdg_[\w-]{43}$/;
const AUTHORIZATION = /^Bearer +([\x21-\x7e]+)$/i;

/** The prefix and 256 random bits in base64url: 47 characters. */
export function newApiToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
}

/** Other texts are not looked up in the database. */
export function looksLikeApiToken(text: string): boolean {
  return API_TOKEN.test(text);
}

/** SHA-256, stored and compared instead of the token. */
export function hashToken(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** The token in an `Authorization` header (RFC 6750 §2.1), or null. */
export function bearerTokenOf(authorization: string | undefined): string | null {
  return AUTHORIZATION.exec(authorization ?? '')?.[1] ?? null;
}
