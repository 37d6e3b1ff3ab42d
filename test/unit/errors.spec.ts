import { STATUS_CODES } from 'node:http';
import { HttpException, NotFoundException } from '@nestjs/common';
import { QueryFailedError, QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { DatabaseSettingsError } from '../../src/common/database-trouble.js';
import { errorBodyOf } from '../../src/http/error-body.js';
import { ApiError, ERRORS, type ErrorCode, type FieldFailure } from '../../src/http/errors.js';
import { notFound } from '../../src/http/not-found.js';
import { RouteTable } from '../../src/http/route-table.js';
import { toApiError } from '../../src/http/to-api-error.js';

const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('the table of errors', () => {
  it.each(CODES)('%s is in upper snake case, is described, and has a reason phrase', (code) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(ERRORS[code].description).toMatch(/\.$/);
    const { statusCode, error } = errorBodyOf(new ApiError(code, 'x'));
    expect(error).toBe(STATUS_CODES[statusCode]);
  });
});

describe('ApiError.validation', () => {
  it('lists the fields in the details and says them in the message', () => {
    const failures = [
      { field: 'target_url', message: 'must be a string' },
      { field: '', message: 'The body must be a JSON object' },
    ];
    const error = ApiError.validation(failures);
    expect(errorBodyOf(error)).toEqual({
      statusCode: 400,
      error: 'Bad Request',
      code: 'VALIDATION_FAILED',
      message: 'target_url: must be a string; The body must be a JSON object',
      details: { failures },
    });
  });

  it('says each fault once', () => {
    const failure = { field: 'limit', message: 'must be a whole number' };
    expect(ApiError.validation([failure, { ...failure }]).details).toEqual({ failures: [failure] });
  });

  it('cuts off a list that is too long to be of use', () => {
    const failures = Array.from({ length: 1_000 }, (_, index) => ({ field: `f${index}`, message: 'is bad' }));
    const { message, details } = ApiError.validation(failures);
    expect((details as { failures: unknown[] }).failures).toHaveLength(100);
    expect(message).toMatch(/^f0: is bad; .*; and at least 95 more$/);
  });

  it('counts what it lists but does not say', () => {
    const failures = Array.from({ length: 100 }, (_, index) => ({ field: `f${index}`, message: 'is bad' }));
    expect(ApiError.validation(failures).message).toMatch(/^f0: is bad; .*; and 95 more$/);
  });

  it('asks for one failure more than it lists, and then no more', () => {
    let asked = 0;
    const endless = function* (): Generator<FieldFailure> {
      for (;;) yield { field: `f${asked++}`, message: 'is bad' };
    };
    ApiError.validation(endless());
    expect(asked).toBe(101);
  });

  it('cuts a name at 200 characters, and never within one', () => {
    const shown = (field: string) =>
      (ApiError.validation([{ field, message: 'is bad' }]).details as { failures: FieldFailure[] }).failures[0]!.field;
    expect(shown('n'.repeat(200))).toBe('n'.repeat(200));
    expect(shown('n'.repeat(201))).toBe(`${'n'.repeat(199)}…`);
    expect(shown('😀'.repeat(101))).toBe(`${'😀'.repeat(99)}\ufffd…`);
    expect(shown('a\ud800b')).toBe('a\ufffdb');
  });

  it.each(['\u0001', '中', '"', 'é'])('fits into 64 KiB, also with names of %j', (character) => {
    const failures = Array.from({ length: 100 }, (_, index) => ({
      field: `${index}${character.repeat(10_000)}`,
      message: 'is bad',
    }));
    const body = JSON.stringify(errorBodyOf(ApiError.validation(failures)));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(64 * 1024);
    expect(body.length).toBeGreaterThan(10_000);
  });
});

describe('toApiError', () => {
  const RETRY = { 'Retry-After': expect.stringMatching(/^[15]$/) as string };
  const framework = (code: string, statusCode: number): Error =>
    Object.assign(new Error('inner'), { code, statusCode });
  const postgres = (code: string): Error =>
    new QueryFailedError('SELECT 1', [], Object.assign(new Error('inner'), { code, severity: 'ERROR' }));
  const socket = (code: string, syscall = 'connect'): Error => Object.assign(new Error('inner'), { code, syscall });

  it.each<[string, unknown, ErrorCode]>([
    ['our own error', notFound('EVENT_NOT_FOUND'), 'EVENT_NOT_FOUND'],
    ['a body that is too large', framework('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'PAYLOAD_TOO_LARGE'],
    ['an unknown media type', framework('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 'UNSUPPORTED_MEDIA_TYPE'],
    ['a body shorter than announced', framework('FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400), 'MALFORMED_REQUEST'],
    ['a body that broke off', framework('ECONNRESET', 400), 'MALFORMED_REQUEST'],
    ['an unknown path', new NotFoundException(), 'ROUTE_NOT_FOUND'],
    ['an exception of Nest', new HttpException('inner', 418), 'INTERNAL_ERROR'],
    ['a fault of Fastify', framework('FST_ERR_REP_ALREADY_SENT', 500), 'INTERNAL_ERROR'],
    ['a status on an error of something else', framework('UND_ERR', 404), 'INTERNAL_ERROR'],
    ['no connection', socket('ECONNREFUSED'), 'DATABASE_BUSY'],
    [
      'no connection to any address',
      new AggregateError([socket('ECONNREFUSED'), socket('EHOSTUNREACH')]),
      'DATABASE_BUSY',
    ],
    ['a connection that breaks while it opens', socket('ECONNRESET', 'read'), 'DATABASE_BUSY'],
    ['an unknown host', socket('ENOTFOUND', 'getaddrinfo'), 'DATABASE_BUSY'],
    ['a full pool', new Error('timeout exceeded when trying to connect'), 'DATABASE_BUSY'],
    [
      'a broken connection',
      new QueryFailedError('', [], new Error('Connection terminated unexpectedly')),
      'DATABASE_BUSY',
    ],
    ['a connection that broke within a transaction', new QueryRunnerAlreadyReleasedError(), 'DATABASE_BUSY'],
    ['the same, found by the manager', new QueryRunnerProviderAlreadyReleasedError(), 'DATABASE_BUSY'],
    ['a reset connection', new QueryFailedError('', [], framework('ECONNRESET', 0)), 'DATABASE_BUSY'],
    ['a deadline', new QueryFailedError('', [], new Error('Query read timeout')), 'DATABASE_BUSY'],
    ['a full disk', postgres('53100'), 'DATABASE_FULL'],
    ['no memory', postgres('53200'), 'DATABASE_OUT_OF_MEMORY'],
    ['too many connections', postgres('53300'), 'DATABASE_OUT_OF_CONNECTIONS'],
    [
      'too many connections to PgBouncer',
      Object.assign(new Error('no more connections allowed (max_client_conn)'), { code: '08P01', severity: 'FATAL' }),
      'DATABASE_OUT_OF_CONNECTIONS',
    ],
    ['another limit', postgres('53400'), 'DATABASE_BUSY'],
    ['another breach of the protocol', postgres('08P01'), 'DATABASE_BUSY'],
    ['a standby', postgres('25006'), 'DATABASE_READ_ONLY'],
    ['a disk that fails', postgres('58030'), 'DATABASE_CORRUPTED'],
    ['a file that is gone', postgres('58P01'), 'DATABASE_CORRUPTED'],
    ['a damaged page', postgres('XX001'), 'DATABASE_CORRUPTED'],
    ['a damaged index', postgres('XX002'), 'DATABASE_CORRUPTED'],
    ['settings that do not do', new DatabaseSettingsError(['DateStyle must be ISO.']), 'DATABASE_MISCONFIGURED'],
    ['a fault of the database', postgres('XX000'), 'INTERNAL_ERROR'],
    ['a server that shuts down', postgres('57P01'), 'DATABASE_BUSY'],
    ['a deadlock', postgres('40P01'), 'DATABASE_BUSY'],
    ['a lock timeout', postgres('55P03'), 'DATABASE_BUSY'],
    ['a broken constraint', postgres('23505'), 'INTERNAL_ERROR'],
    ['a wrong statement', postgres('42P01'), 'INTERNAL_ERROR'],
    ['a missing file', Object.assign(new Error('inner'), { code: 'ENOENT', syscall: 'open' }), 'INTERNAL_ERROR'],
    ['a bug', new TypeError('inner'), 'INTERNAL_ERROR'],
    ['a thrown text', 'inner', 'INTERNAL_ERROR'],
    ['nothing', undefined, 'INTERNAL_ERROR'],
  ])('takes %s for the right code and tells nothing of its message', (_, thrown, code) => {
    const error = toApiError(thrown);
    expect(error.code).toBe(code);
    expect(error.message).not.toContain('inner');
    if (code.startsWith('DATABASE_')) expect(error).toMatchObject({ statusCode: 503, headers: RETRY });
    else expect(error.headers).toEqual({});
  });
});

describe('RouteTable', () => {
  const routes = new RouteTable();
  routes.add('POST', '/webhook');
  routes.add(['GET', 'HEAD'], '/webhook');
  routes.add('DELETE', '/webhook/:id');
  routes.add('POST', '/webhook/test');
  routes.add('GET', '/docs/*');

  it.each([
    ['/webhook', ['GET', 'HEAD', 'POST']],
    ['/webhook/7', ['DELETE']],
    ['/webhook/test', ['POST']],
    ['/docs/a/b.css', ['GET']],
    ['/docs/', ['GET']],
    ['/webhook/', []],
    ['/webhook/7/x', []],
    ['/docs', []],
    ['/', []],
    ['*', []],
  ])('knows the methods of %s', (path, methods) => {
    expect(routes.methodsOf(path)).toEqual(methods);
  });

  it.each([
    ['/webhook/test', '/webhook/:id', true],
    ['/webhook/test', '/webhook/test', false],
    ['/webhook/7', '/webhook/:id', false],
  ])('knows whether %s, which the router took for %s, is another path', (path, pattern, isOfAnother) => {
    expect(routes.isOfAnother(path, pattern)).toBe(isOfAnother);
  });
});
