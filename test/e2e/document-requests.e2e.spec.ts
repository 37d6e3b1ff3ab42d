import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import type { ApiClient, ApiErrorBody, Environment, Reply } from '../support/client.js';
import { type BrokenRequest, type DocumentedRequest, DocumentedRequests } from '../support/document-requests.js';
import { documentedOperations, type OpenApiDocument } from '../support/openapi-conformance.js';
import { OPERATIONS } from '../support/operations.js';
import { type Tenant, useService } from '../support/process.js';
import { Receiver } from '../support/receiver.js';
import type { Known } from '../support/schema-values.js';
import { until } from '../support/wait.js';

/* The server takes what the document allows and refuses what it does not, operation by operation and place by place. */

/** Another one each time; DOCUMENT_SEED repeats one, which a failure prints. */
const SEED = Number(process.env['DOCUMENT_SEED'] ?? randomInt(2 ** 31 - 1));
/** Of each operation, that the document allows. */
const VALID_REQUESTS = 20;

const DOCUMENT = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../openapi.json'), 'utf8'),
) as OpenApiDocument;

interface Refusal {
  code: string;
  /** The field that the error names; absent: any. */
  field?: RegExp;
  because: string;
}

/** What a request that the document allows may be refused with: what no schema can say. */
const MAY_BE_REFUSED: readonly Refusal[] = [
  { code: 'INVALID_CURSOR', because: 'a cursor is a text that a list has made' },
  { code: 'IDEMPOTENCY_CONFLICT', because: 'a key stands for one content' },
  { code: 'ENVIRONMENT_NAME_TAKEN', because: 'another environment may have the name already' },
  {
    code: 'VALIDATION_FAILED',
    field: /^all_event_types$/,
    because: 'that two members exclude each other is nothing that generators know of',
  },
  {
    code: 'VALIDATION_FAILED',
    field: /^scopes\.\d$/,
    because: 'a token of one webhook holds fewer scopes, and its other member decides',
  },
  { code: 'VALIDATION_FAILED', field: /^next_cursor$/, because: 'a list has made no cursor with NUL' },
];

interface Leniency {
  operation: RegExp;
  place: RegExp;
  given: unknown;
  because: string;
}

/** What is taken although the document does not allow it. */
const MAY_BE_TAKEN: readonly Leniency[] = [
  {
    operation: /^POST \/webhook$/,
    place: /^body (is_active|event_types)$/,
    given: null,
    because: 'clients of some languages send null for what was left out, and the documented body is kept as it is',
  },
  {
    operation: /^GET /,
    place: /^query created_(after|before)$/,
    given: '2021-08-10',
    because: 'people write a date for its first instant',
  },
  {
    operation: /./,
    place: /(created_(after|before)|since|until|expires_at)$/,
    given: '2021-08-10T10:00Z',
    because: 'ISO 8601 knows times without seconds',
  },
  {
    operation: /^GET \/delivery$/,
    place: /^query status$/,
    given: 'pending,failed',
    because: 'people write several values with a comma between',
  },
];

describe('requests made from the document', () => {
  const service = useService();
  let receiver: Receiver;
  const met = new Set<string>();
  beforeAll(async () => {
    receiver = await Receiver.start();
  });
  afterAll(() => receiver.close());

  it.each(documentedOperations(DOCUMENT))('%s takes what the document allows', async (operation) => {
    const subject = await Subject.of(operation);
    const requests = fc.sample(subject.requests.valid(), { seed: SEED, numRuns: VALID_REQUESTS });
    const findings: string[] = [];
    for (const request of requests) {
      const reply = await subject.send(request);
      if (reply.status < 400) continue;
      const { code, details } = JSON.parse(reply.text) as ApiErrorBody;
      const exception = MAY_BE_REFUSED.find(
        (allowed) =>
          allowed.code === code &&
          (allowed.field === undefined || allowed.field.test(details?.failures?.[0]?.field ?? '')),
      );
      if (!exception) findings.push(described(request, reply));
    }
    expect({ seed: SEED, findings }).toEqual({ seed: SEED, findings: [] });
  });

  const withPlaces = documentedOperations(DOCUMENT).filter((operation) => {
    const [method, path] = operation.split(' ') as [string, string];
    const { parameters = [], requestBody } = DOCUMENT.paths[path]![method.toLowerCase()]!;
    return requestBody !== undefined || parameters.some((parameter) => parameter.in !== 'path');
  });

  it.each(withPlaces)('%s refuses what breaks the document in one place', async (operation) => {
    const subject = await Subject.of(operation);
    const { broken } = subject;
    expect(broken.length).toBeGreaterThan(5);
    const findings: string[] = [];
    for (const request of broken) {
      const reply = await subject.send(request);
      const exception = MAY_BE_TAKEN.find(
        (taken) => taken.operation.test(operation) && taken.place.test(request.place) && taken.given === request.given,
      );
      if (exception && reply.status < 400) met.add(exception.because);
      else if (!isRefusalOf(request, reply)) findings.push(described(request, reply));
    }
    expect({ seed: SEED, findings }).toEqual({ seed: SEED, findings: [] });
  });

  it.each(Object.keys(OPERATIONS).filter((operation) => operation.includes('{id}')))(
    '%s knows nothing by what is no id',
    async (operation) => {
      const subject = await Subject.of(operation);
      for (const id of ['x', '1', `${randomUUID()}0`, randomUUID().replaceAll('-', ''), '%00', 'é', 'null', '..%2f']) {
        const reply = await subject.send({ headers: {}, query: [], body: subject.full.body }, encodeURI(id));
        expect([id, reply.status]).toEqual([id, 404]);
      }
    },
  );

  it('what may be taken is taken, or is no exception', () => {
    expect([...met].toSorted()).toEqual(MAY_BE_TAKEN.map(({ because }) => because).toSorted());
  });

  /** An operation, and what there is in an environment of its own for it to work on. */
  class Subject {
    private constructor(
      private readonly operation: string,
      private readonly tenant: Tenant,
      readonly requests: DocumentedRequests,
      private readonly toBreak: DocumentedRequests,
    ) {}

    static async of(operation: string): Promise<Subject> {
      const tenant = await service.tenant();
      const [method, path] = operation.split(' ') as [string, string];
      const { id: webhookId } = await tenant.client.createWebhook({ target_url: receiver.url() });
      const known: Known = {
        // Only of the body of a test: a path's is filled in when it is sent.
        id: fc.constant(webhookId),
        webhook_id: fc.constant(webhookId),
        environment_id: fc.constant(tenant.environmentId),
        // Elsewhere the egress policy has a say, and the name servers.
        target_url: fc.webPath().map((webPath) => receiver.url(`/x${webPath}`)),
        // One begins before it ends, also where an end is broken, and a token ends in the future.
        since: instants('2020-01-01', '2021-06-01'),
        until: instants('2023-01-01', '2024-01-01'),
        expires_at: instants('2090-01-01', '2100-01-01'),
      };
      const requests = new DocumentedRequests(DOCUMENT, method, path, known);
      // A request is broken in one place alone: these would be a second one.
      const harmless = {
        next_cursor: fc.constant(''),
        all_event_types: fc.constant(false),
        scopes: fc.constant(['webhook:read']),
      };
      const toBreak = new DocumentedRequests(DOCUMENT, method, path, { ...known, ...harmless });
      return new Subject(operation, tenant, requests, toBreak);
    }

    /** A request with all that the document knows of. */
    get full(): DocumentedRequest {
      return fc.sample(this.toBreak.valid(true), { seed: SEED, numRuns: 1 })[0]!;
    }

    get broken(): BrokenRequest[] {
      return this.toBreak.broken(this.full);
    }

    async send({ headers, query, body }: DocumentedRequest, id?: string): Promise<Reply<unknown>> {
      const [method, template] = this.operation.split(' ') as [string, string];
      const path = template.replace('{id}', id ?? (template.includes('{id}') ? await this.idFor(template) : ''));
      const search = new URLSearchParams(query).toString();
      const options = body === undefined ? {} : { rawBody: JSON.stringify(body) };
      return this.client.request(method, search ? `${path}?${search}` : path, {
        ...options,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
    }

    private get client(): ApiClient {
      const who = OPERATIONS[this.operation];
      if (who === 'admin') return service.admin;
      return who === 'no token' ? service.client() : this.tenant.client;
    }

    /** Of something new, because a request may end it. */
    private async idFor(template: string): Promise<string> {
      const { client, environmentId } = this.tenant;
      const resource = template.split('/')[1]!;
      if (resource === 'environment') return this.environment(template.endsWith('/erasure'));
      if (resource === 'api-token') return (await service.token(environmentId)).id;
      if (resource === 'event') return (await client.publish('record:created')).id;
      if (resource === 'delivery') return this.endedDelivery();
      const { id } = await client.createWebhook({ target_url: receiver.url(), event_types: ['batch_job:failed'] });
      if (template.endsWith('/recover') && !this.operation.startsWith('POST')) {
        (await client.post(`/webhook/${id}/recover`, { since: '2021-08-10T10:00:00Z' })).expect(202);
      }
      return id;
    }

    private async environment(isErased: boolean): Promise<string> {
      const body = { name: 'story', allow_duplicate_name: true };
      const { id } = (await service.admin.post<Environment>('/environment', body)).expect(201);
      if (isErased) (await service.admin.delete(`/environment/${id}`)).expect(200);
      return id;
    }

    private async endedDelivery(): Promise<string> {
      const { client } = this.tenant;
      const { id } = await client.publish('record:created');
      const delivery = await until('the delivery to end', async () => {
        const [found] = await client.deliveries({ event_id: id });
        return found?.status === 'succeeded' && found;
      });
      return delivery.id;
    }
  }
});

/** With a 4xx that names the place, if the place has a name. */
function isRefusalOf({ place }: BrokenRequest, { status, text }: Reply<unknown>): boolean {
  if (status < 400 || status >= 500) return false;
  const { details } = JSON.parse(text) as ApiErrorBody;
  const at = place.split(' ')[1] ?? '';
  return (details?.failures ?? []).some(({ field }) => {
    const named = field.toLowerCase();
    return at.toLowerCase().startsWith(named) || named.startsWith(at.toLowerCase());
  });
}

function described(request: DocumentedRequest, { status, text }: Reply<unknown>): string {
  return `${status} ${text.slice(0, 300)} to ${JSON.stringify(request).slice(0, 600)}`;
}

function instants(from: string, to: string): fc.Arbitrary<string> {
  const bounds = { min: new Date(from), max: new Date(to), noInvalidDate: true };
  return fc.date(bounds).map((date) => date.toISOString());
}
