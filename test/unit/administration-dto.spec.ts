import 'reflect-metadata';
import { validateSync } from 'class-validator';
import { CreateApiTokenDto } from '../../src/administration/dto/api-token.dto.js';
import { issueApiToken } from '../../src/administration/api-tokens.service.js';
import { CreateEnvironmentDto, UpdateEnvironmentDto } from '../../src/administration/dto/environment.dto.js';
import { hashToken } from '../../src/auth/bearer-token.js';
import { RequestValidationPipe } from '../../src/http/request-validation.pipe.js';
import { SCOPES, WEBHOOK_SCOPES } from '../../src/auth/principal.js';

const NOW = new Date('2025-06-01T12:00:00.000Z');
const ENVIRONMENT = '05daecaf-4365-42e8-8370-8127de5dd717';
const WEBHOOK = '4a4de828-f4db-4c9e-adfd-434e0864c3c7';
const order = { name: 'orders', environment_id: ENVIRONMENT };
const tokenOrder = { name: 'orders', environmentId: ENVIRONMENT, webhookId: null, expiresAt: null };

function failedFields(type: new () => object, body: object): string[] {
  return validateSync(Object.assign(new type(), body)).map(({ property }) => property);
}

describe('A name', () => {
  it.each(['a', ' ', 'ü'.repeat(200), '🙂'.repeat(200), '\t'])('may be %j', (name) => {
    expect(failedFields(CreateEnvironmentDto, { name })).toEqual([]);
  });

  it.each(['', 'a'.repeat(201), `${'a'.repeat(200)}\ufe0f`, null, undefined, 1, ['a'], { toString: 1 }])(
    'may not be %j',
    (name) => {
      expect(failedFields(CreateEnvironmentDto, { name })).toEqual(['name']);
    },
  );

  it('may be left out of a change, but not be null', () => {
    expect(failedFields(UpdateEnvironmentDto, {})).toEqual([]);
    expect(failedFields(UpdateEnvironmentDto, { name: null })).toEqual(['name']);
  });
});

describe('The order of an API token', () => {
  it('has every scope when it names none, and when it says null', () => {
    const pipe = new RequestValidationPipe();
    for (const body of [order, { ...order, scopes: null }]) {
      const { scopes } = pipe.transform(body, { type: 'body', metatype: CreateApiTokenDto }) as CreateApiTokenDto;
      expect(issueApiToken({ ...tokenOrder, ...(scopes && { scopes }) }, NOW).token.scopes).toEqual(SCOPES);
    }
  });

  it('of one webhook has every scope that such a token can hold when it names none', () => {
    const { token } = issueApiToken({ ...tokenOrder, webhookId: WEBHOOK }, NOW);
    expect(token).toMatchObject({ webhookId: WEBHOOK, scopes: WEBHOOK_SCOPES });
  });

  it.each([null, 'mine', 7, [WEBHOOK]])(
    'refuses the webhook %j: it would be a token of the environment',
    (webhook_id) => {
      expect(failedFields(CreateApiTokenDto, { ...order, webhook_id })).toEqual(['webhook_id']);
    },
  );

  it('needs a name and an environment', () => {
    expect(failedFields(CreateApiTokenDto, order)).toEqual([]);
    expect(failedFields(CreateApiTokenDto, {})).toEqual(['name', 'environment_id']);
    expect(failedFields(CreateApiTokenDto, { ...order, environment_id: 'default' })).toEqual(['environment_id']);
  });

  it.each([[[]], ['webhook:read'], [['webhook:read', 'webhook:delete']], [[['webhook:read']]], [[null]]])(
    'refuses the scopes %j',
    (scopes) => {
      expect(failedFields(CreateApiTokenDto, { ...order, scopes })).toEqual(['scopes']);
    },
  );

  it.each([
    [[], ['must be an array of at least one scope']],
    ['webhook:read', ['must be an array of at least one scope']],
    [['webhook:write', 'all'], [`must be one of ${SCOPES.join(', ')}`]],
  ])('tells what is wrong with the scopes %j once', (scopes, messages) => {
    const [error] = validateSync(Object.assign(new CreateApiTokenDto(), order, { scopes }));
    expect(Object.values(error!.constraints!)).toEqual(messages);
  });

  it.each([null, 0, '', 'tomorrow', '2999-01-01', '2999-01-01T00:00:00', '2999-02-30T00:00:00Z'])(
    'refuses the expiry %j',
    (expires_at) => {
      expect(failedFields(CreateApiTokenDto, { ...order, expires_at })).toEqual(['expires_at']);
    },
  );
});

describe('Issuing an API token', () => {
  it('gives every scope and no expiry by default', () => {
    expect(issueApiToken(tokenOrder, NOW).token).toMatchObject({
      name: 'orders',
      environmentId: ENVIRONMENT,
      scopes: SCOPES,
      expiresAt: null,
      lastUsedAt: null,
      createdAt: NOW,
    });
  });

  it('folds repeated scopes and puts them in the order of the table', () => {
    const { token } = issueApiToken({ ...tokenOrder, scopes: ['event:write', 'webhook:read', 'event:write'] }, NOW);
    expect(token.scopes).toEqual(['webhook:read', 'event:write']);
  });

  it('keeps the hash of the text and not the text', () => {
    const { token, text } = issueApiToken(tokenOrder, NOW);
    expect(token.tokenHash).toEqual(hashToken(text));
    expect(JSON.stringify(token)).not.toContain(text);
  });
});
