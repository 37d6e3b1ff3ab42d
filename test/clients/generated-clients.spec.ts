import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { LaterSummary, Summary } from '../../clients/generated/summary.js';
import { ensureInstalled } from '../../scripts/install.mjs';
import { EVENT_TYPE_NAMES } from '../../src/webhooks/event-types.js';
import { useReceivers } from '../e2e/receivers.js';
import type { Page, Webhook } from '../support/client.js';
import { useService } from '../support/process.js';
import { envelopeOf } from '../support/receiver.js';
import { useServers } from '../support/servers.js';

const ROOT = resolve(import.meta.dirname, '../..');
const CLIENTS = join(ROOT, 'clients/generated');
/** What imports without file endings is not for Node, but for a bundler. */
const FOR_BUNDLERS = ['ng-openapi-gen', 'openapi-typescript-codegen'];
const GENERATORS = [
  'openapi-typescript',
  'hey-api',
  'orval',
  'swagger-typescript-api',
  'oazapfts',
  'kubb',
  ...FOR_BUNDLERS,
];

/** Above what a generator and the compiler need on two busy cores. */
const COMMAND_DEADLINE_MS = 120_000;

interface Components {
  components: { schemas: Record<string, { properties: Record<string, { example?: unknown }> }> };
}

describe('a client that is generated from openapi.json', () => {
  beforeAll(() => ensureInstalled(CLIENTS), 600_000);
  const service = useService();
  const receivers = useReceivers();
  const listen = useServers();

  /** Answers as a later version might: with an event type, an error code and a member that this one does not have. */
  const serveLaterVersion = async (): Promise<string> => {
    const { components } = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as Components;
    const { properties } = components.schemas['Delivery']!;
    const example = Object.entries(properties).map(([name, property]) => [name, property.example]);
    const delivery = { ...Object.fromEntries(example), event_type: 'invoice:paid', priority: 3 };
    const page = { result: [delivery], next_cursor: null, limit: 100 };
    const error = {
      statusCode: 404,
      error: 'Not Found',
      code: 'WEBHOOK_ASLEEP',
      message: 'It sleeps.',
      hint: 'Wake it.',
    };
    const { port } = await listen(
      createServer((request, response) => {
        const isList = request.url!.startsWith('/delivery');
        response.writeHead(isList ? 200 : 404, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(isList ? page : error));
      }),
    );
    return `http://127.0.0.1:${port}`;
  };

  it.each(GENERATORS)('with %s compiles, and lives through the story', async (generator) => {
    for (const made of [join(generator, 'client'), join('dist', generator)]) {
      rmSync(join(CLIENTS, made), { recursive: true, force: true });
    }
    const generated = await run('bash', ['-c', commandOf(generator)]);
    // What a generator is not content with, it says and goes on. Where this checkout lies is no complaint.
    expect(generated.replaceAll(ROOT, '')).not.toMatch(
      /warn|error|deprecat|duplicate|conflict|unsupported|unknown|skip|ignor/i,
    );
    await run('npx', ['tsc', '--project', generator]);
    if (FOR_BUNDLERS.includes(generator)) await run('npx', bundlingOf(generator));

    const ofLater = await run(process.execPath, [join('dist', generator, 'later.js')], {
      SERVICE_URL: await serveLaterVersion(),
      API_TOKEN: 'any',
      TARGET_URL: 'none',
    });
    const later = JSON.parse(ofLater) as LaterSummary;
    expect(later).toMatchObject({ eventType: 'invoice:paid', code: 'WEBHOOK_ASLEEP' });
    expect(later.members).toContain('priority');

    const { client, environmentId, token } = await service.tenant();
    const receiver = await receivers.start();
    receiver.respondWith([{ status: 200, body: 'thanks' }]);
    const targetUrl = receiver.url(`/${generator}`);
    const story = await run(process.execPath, [join('dist', generator, 'story.js')], {
      SERVICE_URL: service.url,
      API_TOKEN: token,
      TARGET_URL: targetUrl,
    });

    const summary = JSON.parse(story) as Summary;
    const { result: left } = (await client.get<Page<Webhook>>('/webhook')).expect(200);
    expect(left).toMatchObject([
      { target_url: targetUrl, is_active: false },
      { target_url: targetUrl, is_active: true, event_types: ['record:created', 'record:updated'] },
    ]);
    const { id } = left[1]!;
    const [first, second, third, fourth] = summary.published as [string, string, string, string];
    const succeeded = { status: 'succeeded', attempts: 1 };
    expect({ ...summary, deliveries: byEvent(summary.deliveries) }).toEqual({
      created: { status: 201, location: `/webhook/${id}`, id, repeatedId: id },
      pages: [[summary.deletedId], [id]],
      published: [first, second, third, fourth],
      deliveries: byEvent([
        { eventId: first, eventType: 'record:created', ...succeeded },
        { eventId: second, eventType: 'record:created', ...succeeded },
        { eventId: third, eventType: 'record:updated', ...succeeded },
      ]),
      attempt: { number: 1, outcome: 'succeeded', error: null, url: targetUrl, status: 200, body: 'thanks' },
      event: { payload: { id: '1042', tags: ['a', 'b'] }, succeeded: 1 },
      notFound: { status: 404, code: 'WEBHOOK_NOT_FOUND' },
      invalid: { status: 400, code: 'TARGET_URL_NOT_ALLOWED', fields: ['target_url'] },
      recovery: { counted: 3, webhookId: id, status: expect.stringMatching(/^(running|done)$/) },
      updated: { isActive: false, eventTypes: EVENT_TYPE_NAMES.length },
      deletedId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    (await client.get(`/webhook/${summary.deletedId}`)).expectError(404, 'WEBHOOK_NOT_FOUND');
    expect(await client.event(fourth)).toMatchObject({ event_type: 'batch_job:completed', payload: { n: 3 } });

    const sent = receiver.requests.map((request) => envelopeOf(request));
    expect(sent.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject(
      [
        { id: first, event: 'record:created', payload: { id: '1042', tags: ['a', 'b'] } },
        { id: second, event: 'record:created', payload: { n: 1 } },
        { id: third, event: 'record:updated', payload: { n: 2 } },
      ]
        .map((envelope) => ({ ...envelope, environment_id: environmentId, webhook_id: id }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });
});

/** README says how to make each client; what it says is what is run. */
function commandOf(generator: string): string {
  const sections = readFileSync(join(CLIENTS, 'README.md'), 'utf8').split(/^## /m);
  const section = sections.find((text) => text.includes(`](${generator}/story.ts)`)) ?? '';
  const command = /^```sh\n(.+)\n```$/m.exec(section)?.[1];
  if (command === undefined) throw new Error(`clients/generated/README.md has no command for ${generator}`);
  return command;
}

/** What puts the two programs together, each into one file. */
function bundlingOf(generator: string): string[] {
  const programs = ['story.ts', 'later.ts'].map((program) => join(generator, program));
  const options = ['--bundle', '--platform=node', '--format=esm', '--packages=external', `--outdir=dist/${generator}`];
  return ['esbuild', ...programs, ...options];
}

/** Both outputs of the command; when it fails, or takes too long, they are in the error. */
async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const options = {
    cwd: CLIENTS,
    // npx takes what is installed here, and nothing else.
    env: { PATH, HOME, CI: 'true', NO_COLOR: '1', npm_config_yes: 'false', npm_config_offline: 'true', ...env },
    timeout: COMMAND_DEADLINE_MS,
  };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, options);
    return stdout + stderr;
  } catch (error) {
    const { message, stdout = '', stderr = '' } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`, { cause: error });
  }
}

function byEvent(deliveries: Summary['deliveries']): Summary['deliveries'] {
  return deliveries.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1));
}
