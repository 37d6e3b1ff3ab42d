import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  documentedPairs,
  OpenApiConformance,
  type Exchange,
  type OpenApiDocument,
} from '../support/openapi-conformance.js';
import { assertAllAnswersSeen, neverSeen } from '../support/unseen-answers.mjs';

/* The checker that every story relies on, with faults planted for it to find. */

const DOCUMENT: OpenApiDocument = {
  openapi: '3.0.0',
  paths: {
    '/thing': {
      post: {
        responses: {
          '201': {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
            headers: {
              Location: { required: true, schema: { type: 'string', format: 'uri-reference' } },
              'Retry-After': { $ref: '#/components/headers/RetryAfter' },
            },
          },
          '400': { content: { 'application/json': { schema: { type: 'object' } } } },
          default: { content: { 'application/json': { schema: { type: 'object', required: ['code'] } } } },
        },
      },
    },
    '/thing/{id}': {
      get: {
        responses: { '200': { content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } } } },
      },
    },
    '/thing/test': { get: { responses: { '204': {} } } },
  },
  components: {
    headers: { RetryAfter: { schema: { type: 'integer' } } },
    schemas: {
      Thing: {
        type: 'object',
        properties: {
          id: { type: 'string', format: 'uuid', example: '4a4de828-f4db-4c9e-adfd-434e0864c3c7' },
          example: { type: 'string', format: 'date-time', nullable: true },
          part: { nullable: true, allOf: [{ $ref: '#/components/schemas/Part' }] },
        },
        required: ['id', 'example', 'part'],
      },
      Part: {
        type: 'object',
        properties: { size: { type: 'integer' } },
        required: ['size'],
      },
    },
  },
};

const thing = { id: '4a4de828-f4db-4c9e-adfd-434e0864c3c7', example: '2021-08-10T10:00:00.000Z', part: { size: 1 } };
const conforming = {
  method: 'POST',
  path: '/thing?x=1',
  status: 201,
  contentType: 'application/json; charset=utf-8',
  headers: { location: '/thing/1' },
  text: JSON.stringify(thing),
} satisfies Exchange;
const error = { statusCode: 400, error: 'Bad Request', code: 'VALIDATION_FAILED', message: 'no' };

const findingsOf = (fault: Partial<Exchange>): string[] =>
  new OpenApiConformance(DOCUMENT).check({ ...conforming, ...fault }).findings;

describe('the conformance checker', () => {
  it('passes an exchange that conforms and names its pair', () => {
    expect(new OpenApiConformance(DOCUMENT).check(conforming)).toEqual({ pair: 'POST /thing 201', findings: [] });
    expect(findingsOf({ text: JSON.stringify({ ...thing, example: null, part: null }) })).toEqual([]);
    expect(findingsOf({ headers: { location: '/thing/1', 'retry-after': '3' } })).toEqual([]);
    expect(findingsOf({ status: 400, headers: {}, text: JSON.stringify(error) })).toEqual([]);
    const conflict = { ...error, statusCode: 409, error: 'Conflict' };
    expect(findingsOf({ status: 409, headers: {}, text: JSON.stringify(conflict) })).toEqual([]);
  });

  it.each([
    ['a missing member', { text: JSON.stringify({ ...thing, part: undefined }) }],
    ['an undocumented member', { text: JSON.stringify({ ...thing, secret: 'x' }) }],
    ['an undocumented member of a part', { text: JSON.stringify({ ...thing, part: { size: 1, secret: 'x' } }) }],
    ['a value of another type', { text: JSON.stringify({ ...thing, part: { size: '1' } }) }],
    ['a value of another format', { text: JSON.stringify({ ...thing, id: 'x' }) }],
    ['a time without its date', { text: JSON.stringify({ ...thing, example: '10:00' }) }],
    ['a null where none is documented', { text: JSON.stringify({ ...thing, id: null }) }],
    ['a body that is not JSON', { text: '{' }],
    ['another media type', { contentType: 'text/html' }],
    ['a promised header that is missing', { headers: {} }],
    ['a header of another form', { headers: { location: '/thing/1', 'retry-after': 'soon' } }],
    ['a header to act on that is not promised', { headers: { location: '/thing/1', 'www-authenticate': 'Bearer' } }],
    ['an undocumented success', { status: 200 }],
    ['an undocumented error', { method: 'GET', path: '/thing/1', status: 400, text: JSON.stringify(error) }],
    ['an undocumented path that succeeds', { path: '/other', status: 200 }],
    ['an error without a code', { status: 400, text: JSON.stringify({ ...error, code: undefined }) }],
    ['an error with another status in its body', { status: 400, text: JSON.stringify({ ...error, statusCode: 422 }) }],
    ['an error with another reason phrase', { status: 400, text: JSON.stringify({ ...error, error: 'Oops' }) }],
    ['an error with a stack', { status: 400, text: JSON.stringify({ ...error, stack: 'at' }) }],
    ['an unknown path that answers HTML', { path: '/other', status: 404, contentType: 'text/html', text: '<html>' }],
  ])('finds %s', (_, fault) => {
    expect(findingsOf(fault)).not.toEqual([]);
  });

  it('takes the literal path before the parameter, and looks past a doubled slash and a bare question mark', () => {
    const checker = new OpenApiConformance(DOCUMENT);
    const empty = { method: 'GET', contentType: undefined, headers: {}, text: '' };
    expect(checker.check({ ...empty, path: '/thing/test', status: 204 }).pair).toBe('GET /thing/test 204');
    expect(checker.check({ ...conforming, path: '//thing?' }).pair).toBe('POST /thing 201');
    expect(checker.check({ ...conforming, method: 'GET', path: '/thing/1', status: 200 }).pair).toBe(
      'GET /thing/{id} 200',
    );
  });

  it('takes a keyword of OpenAPI 3.0 in a 3.1 document for the mistake that it is', () => {
    const newer = { ...DOCUMENT, openapi: '3.1.0' };
    expect(() => new OpenApiConformance(newer).check(conforming)).toThrow('"nullable"');
  });

  it('finds the documented pair that no story saw', () => {
    const documented = documentedPairs(DOCUMENT);
    expect(documented).toEqual(['POST /thing 201', 'POST /thing 400', 'GET /thing/{id} 200', 'GET /thing/test 204']);
    expect(neverSeen(documented, documented)).toEqual([]);
    expect(neverSeen(documented, documented.slice(1))).toEqual(['POST /thing 201']);
  });

  describe('at the end of a run', () => {
    let run: string;

    beforeEach(() => {
      run = mkdtempSync(join(tmpdir(), 'tidings-checker-'));
      mkdirSync(join(run, 'seen'));
      writeFileSync(join(run, 'documented.json'), JSON.stringify(['POST /thing 201', 'POST /thing 400']));
    });

    afterEach(() => rmSync(run, { recursive: true }));

    const note = (pairs: Record<string, string>): void => {
      for (const [spec, pair] of Object.entries(pairs)) writeFileSync(join(run, 'seen', `${spec}.txt`), `${pair}\n`);
    };
    const everySpec = (pair: string): Record<string, string> =>
      Object.fromEntries(
        ['e2e', 'contract'].flatMap((suite) =>
          readdirSync(join(import.meta.dirname, '..', suite))
            .filter((name) => name.endsWith(`.${suite}.spec.ts`))
            .map((name) => [name, pair]),
        ),
      );

    it('fails it when no story of all saw a documented answer', () => {
      note(everySpec('POST /thing 201'));
      expect(() => assertAllAnswersSeen(run, {})).toThrow('POST /thing 400');
      note({ 'errors.e2e.spec.ts': 'POST /thing 400' });
      expect(() => assertAllAnswersSeen(run, {})).not.toThrow();
    });

    it('says nothing about a run of some files or some tests', () => {
      note({ 'errors.e2e.spec.ts': 'POST /thing 201' });
      expect(() => assertAllAnswersSeen(run, {})).not.toThrow();
      note(everySpec('POST /thing 201'));
      expect(() => assertAllAnswersSeen(run, { testNamePattern: 'one' })).not.toThrow();
    });
  });
});
