import { randomBytes, randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  fetchDocument,
  send,
  type ApiClient,
  type ApiToken,
  type CreatedApiToken,
  type Page,
  type RawReply,
} from '../support/client.js';
import {
  differenceOf,
  expectedAnswer,
  isEntitled,
  MAKING_WEBHOOK_TOKEN,
  operationOf,
  PRINCIPALS,
  type Principal,
  type PrincipalName,
} from '../support/isolation.js';
import { documentedOperations } from '../support/openapi-conformance.js';
import { leastBodyOf, OPERATIONS, SCOPES } from '../support/operations.js';
import { useService, type Tenant } from '../support/process.js';
import { until } from '../support/wait.js';
import { useReceivers } from './receivers.js';

jest.setTimeout(180_000);

/** What a principal puts into its requests; a token can depend on the access of the operation, or the webhook it is asked of. */
interface Credentials {
  authorization?: string | ((access: string, webhookId: string) => string | Promise<string>);
  /** The value of `environment_id` in the query. */
  environmentId?: string;
}

/** The resources of one environment that every request is about. */
interface Resources {
  environmentId: string;
  webhookId: string;
  eventId: string;
  deliveryId: string;
  tokenId: string;
}

/** What a token of the owner's webhook is to learn nothing of. */
interface Neighbour {
  webhookId: string;
  deliveryId: string;
}

describe('every operation by every principal', () => {
  // Each operation comes from an address of its own: from one, so many without a valid token would be refused.
  const service = useService({ env: { TRUST_PROXY: '127.0.0.1' } });
  const receivers = useReceivers();

  /** Its token is one that no request carries: nothing about it changes. */
  const resourcesOf = async ({ client, environmentId }: Tenant, target: string): Promise<Resources> => {
    const { id: webhookId } = await client.createWebhook({ target_url: target });
    (await client.post(`/webhook/${webhookId}/recover`, leastBodyOf('POST /webhook/{id}/recover'))).expect(202);
    const { id: eventId } = await client.publish('record:created');
    const [delivery] = await client.deliveries();
    const { id: tokenId } = await service.token(environmentId);
    return { environmentId, webhookId, eventId, deliveryId: delivery!.id, tokenId };
  };

  /** Another webhook of the environment, which gets another event than the resources that every request is about. */
  const neighbourIn = async ({ client }: Tenant, target: string): Promise<Neighbour> => {
    const { id: webhookId } = await client.createWebhook({ target_url: target, event_types: ['record:deleted'] });
    await client.publish('record:deleted');
    const [delivery] = await client.deliveries({ webhook_id: webhookId });
    return { webhookId, deliveryId: delivery!.id };
  };

  const settled = (client: ApiClient): Promise<true> =>
    until('all deliveries to end', async () => (await client.deliveries({ status: 'pending' })).length === 0 || null);

  /** A bearer token of the owner's for each set of scopes that the table asks for. */
  const tokensFor = async (environmentId: string): Promise<(scopes: readonly string[]) => string> => {
    const tokens = new Map<string, string>();
    for (const scope of SCOPES) {
      for (const scopes of [[scope], SCOPES.filter((other) => other !== scope)]) {
        tokens.set(scopes.join(), (await service.token(environmentId, scopes)).token);
      }
    }
    tokens.set(SCOPES.join(), (await service.token(environmentId)).token);
    return (scopes) => `Bearer ${tokens.get(scopes.join())!}`;
  };

  const expiredToken = async (environmentId: string): Promise<string> => {
    const expires_at = new Date(Date.now() + 1_000).toISOString();
    const body = { name: 'brief', environment_id: environmentId, expires_at };
    const { token } = (await service.admin.post<CreatedApiToken>('/api-token', body)).expect(201);
    const client = service.client(token);
    (await client.get('/me')).expect(200);
    await until('the token to expire', async () => (await client.get('/me')).status === 401);
    return token;
  };

  const revokedToken = async (environmentId: string): Promise<string> => {
    const { id, token } = await service.token(environmentId);
    (await service.client(token).get('/me')).expect(200);
    (await service.admin.delete(`/api-token/${id}`)).expect(200);
    return token;
  };

  const deletedTenant = async (): Promise<Tenant> => {
    const tenant = await service.tenant();
    (await tenant.client.get('/me')).expect(200);
    (await service.admin.delete(`/environment/${tenant.environmentId}`)).expect(200);
    return tenant;
  };

  /** A token of the webhook; made when it is first asked for. */
  const webhookTokensOf = ({ environmentId }: Tenant): ((webhookId: string) => Promise<string>) => {
    const tokens = new Map<string, string>();
    return async (webhookId) => {
      const token = tokens.get(webhookId) ?? (await service.webhookToken(environmentId, webhookId)).token;
      tokens.set(webhookId, token);
      return `Bearer ${token}`;
    };
  };

  const tokenOfDeletedWebhook = async ({ client, environmentId }: Tenant): Promise<string> => {
    const { id } = await client.createWebhook({ target_url: 'https://example.com/', is_active: false });
    const { token } = await service.webhookToken(environmentId, id);
    (await service.client(token).get('/me')).expect(200);
    (await client.delete(`/webhook/${id}`)).expect(200);
    return token;
  };

  const credentialsOf = async (
    owner: Tenant,
    stranger: Tenant,
    webhooks: Record<'kept' | 'neighbour' | 'stranger', string>,
  ): Promise<Record<PrincipalName, Credentials>> => {
    const holding = await tokensFor(owner.environmentId);
    const all = holding(SCOPES);
    const unknown = `tdg_${randomBytes(32).toString('base64url')}`;
    const deleted = await deletedTenant();
    const admin = `Bearer ${service.adminToken}`;
    const foreign = `Bearer ${stranger.token}`;
    const ofWebhook = webhookTokensOf(owner);
    const ofNeighbour = await ofWebhook(webhooks.neighbour);
    const ofForeignWebhook = await webhookTokensOf(stranger)(webhooks.stranger);
    const ofKept = await ofWebhook(webhooks.kept);
    return {
      'no token': {},
      'a malformed token': { authorization: `${all}.` },
      'a token under another scheme': { authorization: all.replace('Bearer', 'Basic') },
      'an unknown token': { authorization: `Bearer ${unknown}` },
      'an expired token': { authorization: `Bearer ${await expiredToken(owner.environmentId)}` },
      'a revoked token': { authorization: `Bearer ${await revokedToken(owner.environmentId)}` },
      'a token of a deleted environment': { authorization: `Bearer ${deleted.token}` },
      'a token of a deleted webhook': { authorization: `Bearer ${await tokenOfDeletedWebhook(owner)}` },
      'every scope but that': { authorization: (access) => holding(SCOPES.filter((scope) => scope !== access)) },
      'that scope alone': { authorization: (access) => holding([SCOPES.includes(access) ? access : SCOPES[0]!]) },
      'all scopes': { authorization: all },
      'all scopes, naming its environment': { authorization: all, environmentId: owner.environmentId },
      'all scopes, naming another environment': { authorization: all, environmentId: stranger.environmentId },
      'all scopes in another environment': { authorization: foreign },
      'all scopes in another environment, naming the owner’s': {
        authorization: foreign,
        environmentId: owner.environmentId,
      },
      'a token of the webhook': { authorization: (_, webhookId) => ofWebhook(webhookId) },
      'a token of the webhook, naming its environment': {
        authorization: (_, webhookId) => ofWebhook(webhookId),
        environmentId: owner.environmentId,
      },
      'a token of the webhook, naming another environment': {
        authorization: ofKept,
        environmentId: stranger.environmentId,
      },
      'a token of another webhook': { authorization: ofNeighbour },
      'a token of another webhook, naming the environment': {
        authorization: ofNeighbour,
        environmentId: owner.environmentId,
      },
      'a token of a webhook in another environment': { authorization: ofForeignWebhook },
      'a token of a webhook in another environment, naming the owner’s': {
        authorization: ofForeignWebhook,
        environmentId: owner.environmentId,
      },
      'the admin, naming none': { authorization: admin },
      'the admin, naming the owner’s': { authorization: admin, environmentId: owner.environmentId },
      'the admin, naming another': { authorization: admin, environmentId: stranger.environmentId },
      'the admin, naming a deleted one': { authorization: admin, environmentId: deleted.environmentId },
      'the admin, naming an unknown one': { authorization: admin, environmentId: randomUUID() },
    };
  };

  /** What the request is about: what is kept, or something new where it will be changed or removed for good. */
  const targetOf = async (
    name: string,
    owner: Tenant,
    kept: Resources,
    succeeds: boolean,
    targetUrl: string,
  ): Promise<string> => {
    const [method, path] = name.split(' ') as [string, string];
    const isDestructive = succeeds && (method === 'DELETE' || method === 'PATCH');
    if (path.endsWith('/erasure')) return (await deletedTenant()).environmentId;
    if (path.startsWith('/environment'))
      return isDestructive ? (await service.tenant()).environmentId : kept.environmentId;
    if (path.startsWith('/api-token'))
      return isDestructive ? (await service.token(owner.environmentId)).id : kept.tokenId;
    if (path.startsWith('/event'))
      return isDestructive ? (await owner.client.publish('record:created')).id : kept.eventId;
    // One recovery runs for a webhook at a time.
    if (name === 'POST /webhook/{id}/recover' && succeeds)
      return (await owner.client.createWebhook({ target_url: targetUrl })).id;
    if (path.endsWith('/recover')) return kept.webhookId;
    if (path.startsWith('/delivery')) return kept.deliveryId;
    if (method !== 'DELETE' || !isDestructive) return kept.webhookId;
    const webhook = await owner.client.createWebhook({ target_url: 'https://example.com/', is_active: false });
    return webhook.id;
  };

  /** All that the owner can read, as text. */
  const readAll = async (owner: Tenant, kept: Resources): Promise<Record<string, string>> => {
    const texts: Record<string, string> = {};
    const paths = [
      `/webhook/${kept.webhookId}`,
      `/event/${kept.eventId}`,
      `/delivery/${kept.deliveryId}`,
      '/webhook?limit=1000',
      '/event?limit=1000',
      '/delivery?limit=1000',
    ];
    for (const path of paths) texts[path] = (await owner.client.get(path)).text;
    for (const path of [`/environment/${kept.environmentId}`, `/api-token/${kept.tokenId}`]) {
      texts[path] = (await service.admin.get(path)).text;
    }
    // Without the times of their last use, which are the requests' own doing.
    const tokens = await service.admin.get<Page<ApiToken>>(
      `/api-token?environment_id=${kept.environmentId}&limit=1000`,
    );
    texts['tokens'] = JSON.stringify(tokens.expect(200).result.map((token) => ({ ...token, last_used_at: null })));
    return texts;
  };

  const rowsOf = (operations: string[]): string[] => [
    ...operations,
    MAKING_WEBHOOK_TOKEN,
    ...operations.filter((name) => name.startsWith('GET ')).map((name) => name.replace('GET', 'HEAD')),
  ];

  it('gets what was written down for it, and who has no right to changes and learns nothing', async () => {
    const [owner, stranger] = [await service.tenant(), await service.tenant()];
    const receiver = await receivers.start();
    const kept = await resourcesOf(owner, receiver.url('/owner'));
    const foreign = await resourcesOf(stranger, receiver.url('/stranger'));
    const neighbour = await neighbourIn(owner, receiver.url('/neighbour'));
    const webhooks = { kept: kept.webhookId, neighbour: neighbour.webhookId, stranger: foreign.webhookId };
    const credentials = await credentialsOf(owner, stranger, webhooks);
    const operations = documentedOperations(await fetchDocument(service.url));
    expect([...operations].sort()).toEqual(Object.keys(OPERATIONS).sort());
    const rows = rowsOf(operations);
    const principals = Object.keys(PRINCIPALS) as PrincipalName[];

    const ask = async (name: string, by: PrincipalName): Promise<RawReply> => {
      const operation = operationOf(name);
      const [method, template] = name.split(' ') as [string, string];
      const { authorization, environmentId } = credentials[by];
      const succeeds = expectedAnswer(name, PRINCIPALS[by]).code === null;
      const isOwners = isEntitled(PRINCIPALS[by]) || (!succeeds && name !== MAKING_WEBHOOK_TOKEN);
      const least = leastBodyOf(operation, {
        webhookId: kept.webhookId,
        environmentId: isOwners ? owner.environmentId : stranger.environmentId,
        targetUrl: receiver.url(isOwners ? '/owner' : '/stranger'),
      });
      const body = name === MAKING_WEBHOOK_TOKEN ? { ...least, webhook_id: kept.webhookId } : least;
      const id = await targetOf(operation, owner, kept, succeeds, receiver.url('/owner'));
      const webhookId = template.startsWith('/webhook/{id}') ? id : kept.webhookId;
      const token =
        typeof authorization === 'function' ? await authorization(OPERATIONS[operation]!, webhookId) : authorization;
      const forwarded = { 'x-forwarded-for': `203.0.113.${rows.indexOf(name)}` };
      const options = { headers: token === undefined ? forwarded : { ...forwarded, authorization: token }, body };
      const path =
        template.replace('{id}', id) + (environmentId === undefined ? '' : `?environment_id=${environmentId}`);
      // The document says nothing of HEAD.
      if (method === 'HEAD') return send(service.url, method, path, options);
      return service.client().request(method, path, options);
    };

    const { environmentId: _, ...ownersIds } = kept;
    const idsHiddenFrom = (principal: Principal): string[] => {
      if (['nobody', 'neighbour', 'stranger'].includes(principal.kind)) return Object.values(ownersIds);
      return principal.kind === 'owner' && principal.isForOneWebhook ? Object.values(neighbour) : [];
    };
    const differences: string[] = [];
    let cells = 0;
    const askAll = async (of: (principal: Principal) => boolean): Promise<void> => {
      for (const name of rows) {
        for (const by of principals.filter((principal) => of(PRINCIPALS[principal]))) {
          const answer = await ask(name, by);
          const difference = differenceOf(expectedAnswer(name, PRINCIPALS[by]), answer);
          if (difference !== null) differences.push(`${name} by ${by}: ${difference}`);
          const told = idsHiddenFrom(PRINCIPALS[by]).some((id) => answer.text.includes(id));
          if (told) differences.push(`${name} by ${by} tells of what is not theirs`);
          cells += 1;
        }
      }
    };
    const received = (): number => receiver.requests.filter(({ path }) => path === '/owner').length;

    await askAll(isEntitled);
    await settled(owner.client);
    const [before, receivedBefore] = [await readAll(owner, kept), received()];
    await askAll((principal) => !isEntitled(principal));
    await settled(stranger.client);

    expect(differences).toEqual([]);
    expect(cells).toBe(rows.length * principals.length);
    expect(await readAll(owner, kept)).toEqual(before);
    expect(received()).toBe(receivedBefore);
    process.stdout.write(`${rows.length} routes × ${principals.length} principals = ${cells} cells\n`);

    // A change is seen in what was compared.
    (await owner.client.patch(`/webhook/${kept.webhookId}`, { is_active: false })).expect(200);
    expect(await readAll(owner, kept)).not.toEqual(before);
  });
});
