import { randomUUID } from 'node:crypto';

/* The operations of the API, written by hand from the contract: what tests expect of the document and never take from it. */

export const SCOPES = ['webhook:read', 'webhook:write', 'event:read', 'event:write', 'delivery:read', 'delivery:write'];

/** Every operation with the scope that it takes, or else which token. */
export const OPERATIONS: Record<string, string> = {
  'POST /webhook': 'webhook:write',
  'GET /webhook': 'webhook:read',
  'GET /webhook/{id}': 'webhook:read',
  'PATCH /webhook/{id}': 'webhook:write',
  'DELETE /webhook/{id}': 'webhook:write',
  'POST /webhook/test': 'webhook:write',
  'POST /webhook/{id}/rotate-secret': 'webhook:write',
  'GET /webhook/{id}/secret': 'webhook:read',
  'POST /webhook/{id}/recover': 'delivery:write',
  'GET /webhook/{id}/recover': 'delivery:read',
  'DELETE /webhook/{id}/recover': 'delivery:write',
  'GET /webhook/{id}/health': 'webhook:read',
  'DELETE /webhook/{id}/health': 'webhook:write',
  'GET /webhook/{id}/stats': 'delivery:read',
  'GET /stats': 'delivery:read',
  'GET /event-type': 'any token',
  'POST /event': 'event:write',
  'POST /event/batch': 'event:write',
  'GET /event': 'event:read',
  'GET /event/{id}': 'event:read',
  'DELETE /event/{id}': 'event:write',
  'GET /event/{id}/webhooks': 'delivery:read',
  'GET /delivery': 'delivery:read',
  'GET /delivery/{id}': 'delivery:read',
  'POST /delivery/{id}/retry': 'delivery:write',
  'POST /environment': 'admin',
  'GET /environment': 'admin',
  'GET /environment/{id}': 'admin',
  'PATCH /environment/{id}': 'admin',
  'DELETE /environment/{id}': 'admin',
  'GET /environment/{id}/erasure': 'admin',
  'POST /api-token': 'admin',
  'GET /api-token': 'admin',
  'GET /api-token/{id}': 'admin',
  'DELETE /api-token/{id}': 'admin',
  'GET /audit': 'admin',
  'GET /me': 'any token',
  'GET /health/live': 'no token',
  'GET /health/ready': 'no token',
  'GET /metrics': 'no token',
};

/** Those that a token of one webhook may use, for that one; all others with a scope refuse it. */
export const OF_ONE_WEBHOOK = [
  'GET /webhook',
  'GET /webhook/{id}',
  'PATCH /webhook/{id}',
  'DELETE /webhook/{id}',
  'POST /webhook/test',
  'POST /webhook/{id}/rotate-secret',
  'GET /webhook/{id}/secret',
  'POST /webhook/{id}/recover',
  'GET /webhook/{id}/recover',
  'DELETE /webhook/{id}/recover',
  'GET /webhook/{id}/health',
  'DELETE /webhook/{id}/health',
  'GET /webhook/{id}/stats',
  'GET /delivery',
  'GET /delivery/{id}',
  'POST /delivery/{id}/retry',
];

/** What the operations answer that do not answer 200 when all is well. */
const SUCCESSES: Record<string, number> = {
  'POST /webhook': 201,
  'POST /environment': 201,
  'POST /api-token': 201,
  'POST /event': 202,
  'POST /event/batch': 202,
  'POST /delivery/{id}/retry': 202,
  'POST /webhook/{id}/recover': 202,
};

export function successOf(name: string): number {
  return SUCCESSES[name] ?? 200;
}

/** What a body names; by default nothing that exists. */
export interface BodyNames {
  webhookId?: string;
  environmentId?: string;
  targetUrl?: string;
}

/** The least that the operation takes, or undefined when it takes no body. */
export function leastBodyOf(name: string, names: BodyNames = {}): object | undefined {
  const { webhookId = randomUUID(), environmentId = randomUUID(), targetUrl = 'https://example.com/webhook' } = names;
  const bodies: Record<string, object> = {
    'POST /webhook': { target_url: targetUrl },
    'PATCH /webhook/{id}': { is_active: true },
    'POST /webhook/test': { id: webhookId },
    'POST /webhook/{id}/rotate-secret': { overlap_seconds: 0 },
    'POST /webhook/{id}/recover': { since: '2021-08-10T10:00:00.000Z', until: '2021-08-10T12:00:00.000Z' },
    'POST /event': { event_type: 'record:created', payload: {} },
    'POST /event/batch': { events: [{ event_type: 'record:created', payload: {} }] },
    'POST /environment': { name: 'story', allow_duplicate_name: true },
    'PATCH /environment/{id}': { name: 'renamed', allow_duplicate_name: true },
    'POST /api-token': { name: 'story', environment_id: environmentId },
  };
  return bodies[name];
}

/** The operations that name a resource in their path or body, of which there may be none in the environment. */
export function namesResource(name: string): boolean {
  return name.includes('{id}') || name === 'POST /webhook/test';
}

/** What is answered when there is none. */
export function missingCodeOf(name: string): string {
  const [, resource] = /^\w+ \/([a-z-]+)/.exec(name)!;
  return `${resource!.toUpperCase().replace('-', '_')}_NOT_FOUND`;
}
