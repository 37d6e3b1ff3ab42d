import { Logger } from '@nestjs/common';
import pg from 'pg';
import { QueryFailedError } from 'typeorm';
import { PinoLogger, type LoggerOptions } from '../../src/observability/logger.js';

const CANARY = 'canary-7f3a';

function capture(options: Partial<LoggerOptions> = {}): { logger: PinoLogger; lines: string[]; last: () => Line } {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  const logger = new PinoLogger({ level: 'trace', stream, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Line };
}

type Line = Record<string, unknown> & { err?: Record<string, unknown> };

describe('PinoLogger', () => {
  it('writes one flat JSON object per line', () => {
    const { logger, lines, last } = capture();
    logger.warn({ msg: 'webhook made inactive', webhook_id: 'w1', reason: 'gone' }, 'Deliveries');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      context: 'Deliveries',
      msg: 'webhook made inactive',
      webhook_id: 'w1',
      reason: 'gone',
    });
  });

  it.each([
    ['fatal', 'fatal'],
    ['error', 'error'],
    ['warn', 'warn'],
    ['log', 'info'],
    ['debug', 'debug'],
    ['verbose', 'trace'],
  ] as const)('writes %s at level %s', (method, level) => {
    const { logger, last } = capture();
    logger[method]('text', 'Context');
    expect(last()).toMatchObject({ level, context: 'Context', msg: 'text' });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.log('text');
    expect(lines).toEqual([]);
    logger.warn('text');
    expect(lines).toHaveLength(1);
  });

  it('understands the calls of a Nest logger with a context', () => {
    const { logger, last } = capture();
    const nest = new Logger('Intake');
    Logger.overrideLogger(logger);
    try {
      nest.log('text');
      expect(last()).toMatchObject({ context: 'Intake', msg: 'text' });
      nest.warn({ err: new Error('first') }, 'the second argument');
      expect(last()).toMatchObject({ context: 'Intake', msg: 'the second argument', err: { message: 'first' } });
      nest.error('text', new Error('inner').stack);
      expect(last()).toMatchObject({ context: 'Intake', msg: 'text', err: { stack: expect.stringMatching(/^at /) } });
      nest.error(new TypeError('alone'));
      expect(last()).toMatchObject({ context: 'Intake', err: { type: 'TypeError', message: 'alone' } });
      nest.error('text', undefined);
      expect(last()).toMatchObject({ context: 'Intake', msg: 'text' });
    } finally {
      Logger.overrideLogger(false);
    }
  });

  it('lets no member of the caller take the place of its own', () => {
    const { logger, lines, last } = capture();
    logger.log({ msg: 'text', level: 'none', time: 'never', context: 'other' }, 'Context');
    expect(last()).toMatchObject({ level: 'info', context: 'Context', msg: 'text' });
    expect(lines[0]!.match(/"level"/g)).toHaveLength(1);
  });

  it('takes values that are no objects, and of an object of a class its name alone', () => {
    const { logger, lines, last } = capture();
    for (const value of [undefined, null, 7, 7n, true, Symbol(CANARY), [1, 'two']]) logger.log(value, 'Context');
    expect(lines.map((line) => (JSON.parse(line) as Line)['msg'])).toEqual([
      'undefined',
      'null',
      '7',
      '"7"',
      'true',
      '"[symbol]"',
      '[1,"two"]',
    ]);
    logger.log(
      new (class Verbatim {
        text = CANARY;
      })(),
      'Context',
    );
    expect(last()['msg']).toBe('"[Verbatim]"');
  });

  it('keeps a line whole whatever the text holds', () => {
    const { logger, lines, last } = capture();
    logger.log('one\ntwo\u0000"three"', 'Context');
    expect(lines[0]!.match(/\n/g)).toHaveLength(1);
    expect(last()['msg']).toBe('one\ntwo\u0000"three"');
  });

  it('describes an error with its cause and frames', () => {
    const { logger, last } = capture();
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    logger.error({ msg: 'failed', err: new RangeError('outer', { cause }) }, 'Context');
    expect(last().err).toMatchObject({
      type: 'RangeError',
      message: 'outer',
      stack: expect.stringContaining('logger.spec'),
      cause: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
    });
  });

  it('describes the errors of an aggregate', () => {
    const { logger, last } = capture();
    logger.error({ msg: 'failed', err: new AggregateError([new Error('a'), new Error('b')]) }, 'Context');
    expect(last().err).toMatchObject({ type: 'AggregateError', errors: [{ message: 'a' }, { message: 'b' }] });
  });

  it('ends with causes that go round in a circle', () => {
    const { logger, lines } = capture();
    const error = new Error('round');
    error.cause = error;
    logger.error(error);
    expect(lines).toHaveLength(1);
  });

  describe('of a database error', () => {
    const failed = (code: string, message: string): QueryFailedError => {
      const answer = Object.assign(new pg.DatabaseError(message, message.length, 'error'), {
        severity: 'ERROR',
        code,
        detail: `Failing row contains (${CANARY}).`,
        where: `unnamed portal parameter $1 = '${CANARY}'`,
        hint: CANARY,
        table: 'event',
        constraint: 'event_pkey',
      });
      return new QueryFailedError(`INSERT INTO event VALUES ('${CANARY}')`, [CANARY], answer);
    };

    it('tells what it was about and none of the values', () => {
      const { logger, lines, last } = capture();
      logger.error({ msg: 'failed', err: failed('23505', 'duplicate key value violates "event_pkey"') }, 'Context');
      expect(lines[0]).not.toContain(CANARY);
      expect(lines[0]).not.toContain('INSERT');
      expect(last().err).toMatchObject({
        type: 'QueryFailedError',
        code: '23505',
        message: 'duplicate key value violates "event_pkey"',
        table: 'event',
        constraint: 'event_pkey',
        stack: expect.stringContaining('logger.spec'),
      });
    });

    it.each([
      ['22P02', `invalid input syntax for type uuid: "${CANARY}"`],
      ['22003', `value "${CANARY}" is out of range`],
      ['P0001', `${CANARY}\n    at ${CANARY}`],
    ])('leaves out the message of %s, which quotes the value', (code, message) => {
      const { logger, lines, last } = capture();
      logger.error('failed', failed(code, message), 'Context');
      logger.error(failed(code, message));
      logger.error({ msg: 'failed', err: new Error('outer', { cause: failed(code, message) }) });
      for (const line of lines) expect(line).not.toContain(CANARY);
      expect(last().err).toMatchObject({ cause: { code, message: `the database answered SQLSTATE ${code}` } });
    });
  });

  it('leaves out the text that a JSON syntax error quotes', () => {
    const { logger, lines } = capture();
    for (const text of [`{"a": ${CANARY}}`, `"${CANARY}`, CANARY]) {
      try {
        JSON.parse(text);
      } catch (error) {
        logger.error(error);
      }
    }
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).not.toContain(CANARY);
  });

  describe('of something that holds a secret or a request', () => {
    it.each([
      ['a secret', { secret: CANARY }],
      ['a token', { webhook: { api_token: CANARY } }],
      ['headers', { request: { headers: { accept: CANARY } } }],
      ['a password three levels down', { a: { b: { c: { password: CANARY } } } }],
      ['a body', { body: CANARY }],
      ['payloads in a list', { events: [{ payload: { a: CANARY } }] }],
      [
        'a class of its own',
        {
          given: new (class Verbatim {
            text = CANARY;
          })(),
        },
      ],
      ['bytes', { given: Buffer.from(CANARY) }],
      ['a map', { given: new Map([[CANARY, CANARY]]) }],
      ['a URL with a query', { given: new URL(`https://example.com/a?key=${CANARY}`) }],
      ['a URL in text', { given: `sent to https://example.com/a?key=${CANARY}&b=1 now` }],
      ['a path with a query', { given: `Cannot GET /event?cursor=${CANARY}` }],
      ['a URL with a password', { given: `postgres://tidings:${CANARY}@db/tidings` }],
      ['a bearer token', { given: `Authorization: Bearer ${CANARY}` }],
      ['an API token', { given: `the token tdg_${CANARY}` }],
      ['a Standard Webhooks secret', { given: `whsec_${CANARY}` }],
      ['an error in text', { err: new Error(`GET https://example.com/?a=${CANARY} failed`) }],
    ])('leaves out %s', (_, members) => {
      const { logger, lines } = capture();
      logger.log({ msg: 'text', ...members, beside: 'kept' }, 'Context');
      expect(lines[0]).not.toContain(CANARY);
      expect(lines[0]).toContain('kept');
    });

    it('keeps what only tells of it', () => {
      const { logger, last } = capture();
      const members = { token_id: 't1', secret_count: 2, url: 'https://example.com/a', route: '/webhook/:id' };
      logger.log({ msg: 'text', ...members }, 'Context');
      expect(last()).toMatchObject(members);
    });

    it('cuts a text that is very long and a value that is very deep', () => {
      const { logger, lines } = capture();
      const deep: { inner?: unknown } = {};
      deep.inner = deep;
      logger.log({ msg: 'x'.repeat(1_000_000), deep }, 'Context');
      expect(lines[0]!.length).toBeLessThan(10_000);
    });
  });
});
