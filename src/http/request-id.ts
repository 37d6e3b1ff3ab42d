import type { IncomingMessage } from 'node:http';
import { uuidV7 } from '../common/uuid-v7.js';

export const REQUEST_ID_HEADER = 'X-Request-Id';

/** It has no characters that could break out of a header, a log line or a URL. */
export const CHOSEN_ID = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const chosen = headers['x-request-id'];
  return typeof chosen === 'string' && CHOSEN_ID.test(chosen) ? chosen : uuidV7();
}
