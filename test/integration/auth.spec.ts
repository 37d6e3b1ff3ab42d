import { jest } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Logger, Post, type Type } from '@nestjs/common';
import { issueApiToken } from '../../src/administration/api-tokens.service.js';
import { newEnvironment } from '../../src/administration/environments.service.js';
import { AnyToken, NarrowedScopes, Public, Scopes, WebhookScopes } from '../../src/auth/access.decorators.js';
import { ApiToken } from '../../src/auth/api-token.entity.js';
import { CurrentEnvironment } from '../../src/auth/current-environment.decorator.js';
import { CurrentPrincipal } from '../../src/auth/current-principal.decorator.js';
import { Environment } from '../../src/auth/environment.entity.js';
import { type Principal, type Scope, SCOPES, actorOf } from '../../src/auth/principal.js';
import { buildOpenApi } from '../../src/openapi.js';
import { ADMIN_TOKEN, type AuthApp, createAuthApp, serverConfig } from '../support/auth-app.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/wait.js';

@Controller('probe')
class ProbeController {
  @Get('environment')
  @Scopes('webhook:read')
  environment(@CurrentEnvironment() environmentId: string): { environment: string } {
    return { environment: environmentId };
  }

  @Get('both')
  @Scopes('event:read', 'event:write')
  both(@CurrentPrincipal() principal: Principal): { actor: string } {
    return { actor: actorOf(principal) };
  }

  @Get('public')
  @Public()
  open(): { open: boolean } {
    return { open: true };
  }

  @Post('public')
  @Public()
  @HttpCode(200)
  openToBodies(@Body() body: unknown): { body: unknown } {
    return { body };
  }

  @Post('things/:id')
  @AnyToken()
  @HttpCode(200)
  change(@CurrentPrincipal() principal: Principal, @Body() body: unknown): { actor: string; body: unknown } {
    return { actor: actorOf(principal), body };
  }

  @Post('scoped')
  @Scopes('webhook:write')
  @HttpCode(200)
  changeScoped(@Body() body: unknown): { body: unknown } {
    return { body };
  }

  @Get('any')
  @AnyToken()
  any(@CurrentPrincipal() principal: Principal): { actor: string } {
    return { actor: actorOf(principal) };
  }
}

@Controller('forgotten')
class ForgottenController {
  @Get()
  list(): string[] {
    return [];
  }
}

@Controller('leaking')
class LeakingController {
  @Get()
  @NarrowedScopes('delivery:read')
  list(): string[] {
    return [];
  }
}

@Controller('delivery')
class MisplacedController {
  @Get(':id')
  @WebhookScopes('delivery:read')
  get(): string[] {
    return [];
  }
}

let database: TestDatabase;
let app: AuthApp;
let environmentId: string;

async function issue(options: { scopes?: readonly Scope[]; expiresAt?: Date | null } = {}) {
  const issued = issueApiToken(
    { name: 'test', environmentId, webhookId: null, expiresAt: null, ...options },
    new Date(),
  );
  await database.dataSource.manager.insert(ApiToken, issued.token);
  return { id: issued.token.id, text: issued.text };
}

async function lastUsedAt(id: string): Promise<Date | null> {
  return (await database.dataSource.manager.findOneByOrFail(ApiToken, { id })).lastUsedAt;
}

beforeAll(async () => {
  database = await createTestDatabase();
  const environment = newEnvironment('tests', new Date());
  await database.dataSource.manager.insert(Environment, environment);
  environmentId = environment.id;
  app = await createAuthApp(database.dataSource, { controllers: [ProbeController] });
});

afterAll(async () => {
  await app?.close();
  await database?.close();
});

describe('A route', () => {
  it('that does not say who may call it stops the start, and is named', async () => {
    const start = createAuthApp(database.dataSource, { controllers: [ProbeController, ForgottenController] });
    await expect(start).rejects.toThrow(
      'Routes without @Scopes, @AdminOnly, @AnyToken or @Public: ForgottenController.list',
    );
  });

  it('that does not keep tokens of one webhook to that one as it says stops the start, and is named', async () => {
    const starting = (controller: Type) => createAuthApp(database.dataSource, { controllers: [controller] });
    await expect(starting(LeakingController)).rejects.toThrow(
      'Routes of @NarrowedScopes without @OnlyWebhook(): LeakingController.list',
    );
    await expect(starting(MisplacedController)).rejects.toThrow(
      'Routes of @WebhookScopes whose path is not webhook/:id: MisplacedController.get',
    );
  });

  it('that is public asks for no token', async () => {
    expect((await app.call('GET', '/probe/public', { token: null })).body).toEqual({ open: true });
    expect((await app.call('GET', '/probe/public', { token: 'nonsense' })).status).toBe(200);
  });

  it('documents its security, its scopes and its refusals', () => {
    const document = buildOpenApi(app.nest, 'http://127.0.0.1:3000');
    const operation = (path: string) => document.paths[path]?.get as Record<string, unknown> | undefined;
    expect(operation('/probe/both')).toMatchObject({
      security: [{ bearer: ['event:read', 'event:write'] }],
    });
    expect(operation('/probe/environment')?.['parameters']).toMatchObject([
      { name: 'environment_id', in: 'query', required: false, schema: { type: 'string', format: 'uuid' } },
    ]);
    expect(Object.keys(operation('/probe/both')?.['responses'] as object)).toEqual(
      expect.arrayContaining(['401', '403']),
    );
    expect(Object.keys(operation('/probe/any')?.['responses'] as object)).not.toContain('403');
    expect(Object.keys(operation('/probe/any')?.['responses'] as object)).toContain('400');
    expect(operation('/probe/any')?.['security']).toEqual([{ bearer: [] }]);
    expect(operation('/probe/public')?.['security']).toEqual([]);
  });
});

describe('A request', () => {
  it('without a valid token is refused in one way, whatever is wrong with the token', async () => {
    const revoked = await issue();
    await app.call('DELETE', `/api-token/${revoked.id}`);
    const expired = await issue({ expiresAt: new Date(Date.now() - 1) });
    const valid = await issue();
    const unknown = `tdg_${'A'.repeat(43)}`;
    const headers = [
      undefined,
      ...[revoked.text, expired.text, unknown, `${valid.text}x`, `${ADMIN_TOKEN}x`].map((token) => `Bearer ${token}`),
      valid.text,
      `Basic ${valid.text}`,
      'Bearer',
    ];
    const answers = await Promise.all(
      headers.map((authorization) =>
        app.call('GET', '/me', { token: null, headers: authorization === undefined ? {} : { authorization } }),
      ),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.body.code).toBe('UNAUTHORIZED');
      expect(answer.text).toBe(answers[0]!.text);
    }
  });

  it('without a valid token is refused before anything else is, on every route that is not public', async () => {
    const { paths } = buildOpenApi(app.nest, 'http://127.0.0.1:3000');
    const answers = Object.entries(paths).flatMap(([path, item]) =>
      Object.entries(item as Record<string, { security: unknown[] }>).map(async ([method, { security }]) => {
        const url = `${path.replace('{id}', 'x')}?twice=1&twice=2`;
        const headers = { 'content-type': 'text/plain', 'content-encoding': 'gzip' };
        const answer = await app.nest.inject({ method: method as 'POST', url, headers, body: '{' });
        return { route: `${method} ${path}`, isPublic: security.length === 0, is401: answer.statusCode === 401 };
      }),
    );
    const seen = await Promise.all(answers);
    expect(seen.filter(({ is401, isPublic }) => is401 === isPublic)).toEqual([]);
    expect(seen.filter(({ isPublic }) => isPublic).map(({ route }) => route)).toEqual([
      'get /probe/public',
      'post /probe/public',
    ]);
    expect(seen.length).toBeGreaterThan(10);
  });

  it.each([
    ['malformed JSON', { 'content-type': 'application/json' }, '{', [400, 'MALFORMED_JSON']],
    ['a media type that we do not read', { 'content-type': 'text/plain' }, 'x', [415, 'UNSUPPORTED_MEDIA_TYPE']],
    [
      'an encoded body',
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      'x',
      [415, 'UNSUPPORTED_MEDIA_TYPE'],
    ],
    [
      'a body that is too large',
      { 'content-type': 'application/json' },
      ' '.repeat(8_388_609),
      [413, 'PAYLOAD_TOO_LARGE'],
    ],
  ])('learns of %s only with a valid token', async (_, headers, body, fault) => {
    const { text } = await issue();
    const send = async (url: string, token?: string) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await app.nest.inject({ method: 'POST', url, headers: { ...headers, ...authorization }, body });
      return [answer.statusCode, answer.json<{ code: string }>().code];
    };
    expect(await send('/probe/things/1')).toEqual([401, 'UNAUTHORIZED']);
    expect(await send('/probe/things/1', `tdg_${'A'.repeat(43)}`)).toEqual([401, 'UNAUTHORIZED']);
    expect(await send('/probe/things/1', text)).toEqual(fault);
    expect(await send('/probe/public')).toEqual(fault);
  });

  describe('is refused before its body arrives, which is not asked for', () => {
    let replica: AuthApp;
    beforeAll(async () => {
      replica = await createAuthApp(database.dataSource, {
        controllers: [ProbeController],
        config: serverConfig({ RATE_LIMIT_PER_10S: '2' }),
      });
      await replica.nest.listen(0, '127.0.0.1');
    });
    afterAll(() => replica.close());

    const begin = async (path: string, token: string | null): Promise<string> => {
      const connection = new RawConnection(Number(new URL(await replica.nest.getUrl()).port));
      const authorization = token === null ? '' : `Authorization: Bearer ${token}\r\n`;
      connection.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${authorization}`);
      connection.send('Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n');
      try {
        const { statuses, codes } = await connection.answered();
        return [...statuses, ...codes].join(' ');
      } finally {
        connection.destroy();
      }
    };

    it('without a token', async () => {
      expect(await begin('/environment', null)).toBe('401 UNAUTHORIZED');
    });

    it('without the scope', async () => {
      const { text } = await issue({ scopes: ['webhook:read'] });
      expect(await begin('/environment', text)).toBe('403 FORBIDDEN');
      expect(await begin('/probe/scoped', text)).toBe('403 FORBIDDEN');
    });

    it('for a foreign environment', async () => {
      const { text } = await issue();
      const path = '/probe/scoped?environment_id=05daecaf-4365-42e8-8370-8127de5dd717';
      expect(await begin(path, text)).toBe('400 ENVIRONMENT_MISMATCH');
    });

    it('beyond the rate', async () => {
      const { text } = await issue({ scopes: ['webhook:read'] });
      const answers = [];
      for (let count = 0; count < 3; count += 1) answers.push(await begin('/probe/scoped', text));
      expect(answers).toEqual(['403 FORBIDDEN', '403 FORBIDDEN', '429 RATE_LIMITED']);
    });
  });

  it('for a path or method that does not exist needs no token', async () => {
    expect((await app.call('GET', '/nothing', { token: null })).status).toBe(404);
    expect((await app.call('DELETE', '/me', { token: null })).status).toBe(405);
  });

  it('by HEAD needs what GET does', async () => {
    const head = (headers: Record<string, string>) => app.nest.inject({ method: 'HEAD', url: '/probe/any', headers });
    expect((await head({})).statusCode).toBe(401);
    expect((await head({ authorization: `Bearer ${ADMIN_TOKEN}` })).statusCode).toBe(200);
    expect((await app.nest.inject({ method: 'HEAD', url: '/probe/public' })).statusCode).toBe(200);
  });

  it('passes with the scopes that the route asks for, and is told those that are missing', async () => {
    const { id, text } = await issue({ scopes: ['event:read', 'event:write'] });
    expect((await app.call('GET', '/probe/both', { token: text })).body).toEqual({ actor: id });

    const reader = await issue({ scopes: ['event:read'] });
    const refused = await app.call('GET', '/probe/both', { token: reader.text });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({ code: 'FORBIDDEN', message: 'The token lacks the scope event:write' });
    expect((await app.call('GET', '/probe/any', { token: reader.text })).status).toBe(200);
  });

  it('with the admin token passes everywhere', async () => {
    expect((await app.call('GET', '/probe/both')).body).toEqual({ actor: 'admin' });
    expect((await app.call('GET', '/environment')).status).toBe(200);
  });

  it.each([
    ['POST', '/environment'],
    ['GET', '/environment'],
    ['GET', '/environment/x'],
    ['PATCH', '/environment/x'],
    ['DELETE', '/environment/x'],
    ['POST', '/api-token'],
    ['GET', '/api-token'],
    ['GET', '/api-token/x'],
    ['DELETE', '/api-token/x'],
  ] as const)('with an API token may not administer: %s %s', async (method, url) => {
    const { text } = await issue();
    const answer = await app.call(method, url, { token: text, ...(method === 'POST' && { body: {} }) });
    expect([answer.status, answer.body.code]).toEqual([403, 'FORBIDDEN']);
  });

  it("acts in the API token's own environment", async () => {
    const { text } = await issue();
    const other = newEnvironment('other', new Date());
    await database.dataSource.manager.insert(Environment, other);
    const call = async (query: string) => {
      const { status, body } = await app.call('GET', `/probe/environment${query}`, { token: text });
      return status === 200 ? body['environment'] : `${status} ${body.code}`;
    };
    expect(await call('')).toBe(environmentId);
    expect(await call(`?environment_id=${environmentId}`)).toBe(environmentId);
    expect(await call(`?environment_id=${other.id}`)).toBe('400 ENVIRONMENT_MISMATCH');
    expect(await call(`?environment_id=${environmentId}&environment_id=${environmentId}`)).toBe(
      '400 VALIDATION_FAILED',
    );
    expect(await call('?environment_id=')).toBe('400 VALIDATION_FAILED');
  });

  it.each(['/me', '/probe/any'])('may name only its own environment where it acts in none: %s', async (path) => {
    const { text } = await issue();
    const call = async (query: string) => {
      const { status, body } = await app.call('GET', path + query, { token: text });
      return status === 200 ? status : `${status} ${body.code}`;
    };
    expect(await call(`?environment_id=${environmentId}`)).toBe(200);
    expect(await call('?environment_id=05daecaf-4365-42e8-8370-8127de5dd717')).toBe('400 ENVIRONMENT_MISMATCH');
    expect(await call('?environment_id=mine')).toBe('400 VALIDATION_FAILED');
    expect((await app.call('GET', path)).status).toBe(200);
  });

  it('with the admin token acts in the environment that it names', async () => {
    const call = async (query: string) => {
      const { status, body } = await app.call('GET', `/probe/environment${query}`);
      return status === 200 ? body['environment'] : `${status} ${body.code}`;
    };
    expect(await call(`?environment_id=${environmentId.toUpperCase()}`)).toBe(environmentId);
    expect(await call('')).toBe('400 ENVIRONMENT_REQUIRED');
    expect(await call('?environment_id=default')).toBe('400 VALIDATION_FAILED');
    expect(await call('?environment_id=05daecaf-4365-42e8-8370-8127de5dd717')).toBe('404 ENVIRONMENT_NOT_FOUND');
  });
});

describe('GET /me', () => {
  it('describes the admin token', async () => {
    expect((await app.call('GET', '/me')).body).toEqual({
      kind: 'admin',
      name: null,
      environment_id: null,
      webhook_id: null,
      scopes: [...SCOPES],
      expires_at: null,
    });
  });

  it('describes an API token', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { text } = await issue({ scopes: ['delivery:read'], expiresAt });
    expect((await app.call('GET', '/me', { token: text })).body).toEqual({
      kind: 'api_token',
      name: 'test',
      environment_id: environmentId,
      webhook_id: null,
      scopes: ['delivery:read'],
      expires_at: expiresAt.toISOString(),
    });
  });
});

describe('What is known of a token', () => {
  it('is read once for requests that come together', async () => {
    const { text } = await issue();
    const read = jest.spyOn(database.dataSource.manager, 'findOneBy');
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.call('GET', '/me', { token: text })));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(read).toHaveBeenCalledTimes(1);
    read.mockRestore();
  });

  it('does not outlive a revocation: at once here, within a second on another replica', async () => {
    const replica = await createAuthApp(await database.connect());
    try {
      const { id, text } = await issue();
      expect((await replica.call('GET', '/me', { token: text })).status).toBe(200);
      expect((await app.call('GET', '/me', { token: text })).status).toBe(200);
      await app.call('DELETE', `/api-token/${id}`);
      const revokedAtMs = Date.now();
      expect((await app.call('GET', '/me', { token: text })).status).toBe(401);
      let lastAcceptedAtMs = 0;
      await until('the replica to refuse', async () => {
        const startedAtMs = Date.now();
        if ((await replica.call('GET', '/me', { token: text })).status === 401) return true;
        lastAcceptedAtMs = startedAtMs;
        return false;
      });
      expect(lastAcceptedAtMs - revokedAtMs).toBeLessThan(1_000);
    } finally {
      await replica.close();
    }
  });

  it('does not outlive the expiry', async () => {
    const expiresAt = new Date(Date.now() + 60_000);
    const { text } = await issue({ expiresAt });
    const clock = jest.spyOn(Date, 'now');
    try {
      clock.mockReturnValue(expiresAt.getTime() - 1);
      expect((await app.call('GET', '/me', { token: text })).status).toBe(200);
      clock.mockReturnValue(expiresAt.getTime());
      expect((await app.call('GET', '/me', { token: text })).status).toBe(401);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('The last use of a token', () => {
  it('is written behind the request, at the latest when the replica stops', async () => {
    const replica = await createAuthApp(database.dataSource);
    const { id, text } = await issue();
    const before = Date.now();
    expect((await replica.call('GET', '/me', { token: text })).status).toBe(200);
    await replica.close();
    expect((await lastUsedAt(id))!.getTime()).toBeGreaterThanOrEqual(before);
  });

  it('is written once a minute, over all replicas', async () => {
    const { id, text } = await issue();
    const useOnNewReplica = async () => {
      const replica = await createAuthApp(database.dataSource);
      await replica.call('GET', '/me', { token: text });
      await replica.close();
    };
    const recent = new Date(Date.now() - 30_000);
    await database.dataSource.manager.update(ApiToken, { id }, { lastUsedAt: recent });
    await useOnNewReplica();
    expect(await lastUsedAt(id)).toEqual(recent);

    const old = new Date(Date.now() - 61_000);
    await database.dataSource.manager.update(ApiToken, { id }, { lastUsedAt: old });
    await useOnNewReplica();
    expect((await lastUsedAt(id))!.getTime()).toBeGreaterThan(old.getTime() + 60_000);
  });

  it('disturbs no request when it cannot be written', async () => {
    const { text } = await issue();
    const write = jest.spyOn(database.dataSource.manager, 'update').mockRejectedValueOnce(new Error('away'));
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    expect((await app.call('GET', '/me', { token: text })).status).toBe(200);
    await until('the log line', () => warn.mock.calls.length > 0);
    expect(warn.mock.calls[0]![0]).toMatchObject({ msg: 'the last use of an API token was not written' });
    expect(write).toHaveBeenCalledTimes(1);
    write.mockRestore();
    warn.mockRestore();
  });
});
