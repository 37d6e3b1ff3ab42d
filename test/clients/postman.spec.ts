import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ensureInstalled } from '../../scripts/install.mjs';
import { useReceivers } from '../e2e/receivers.js';
import { fetchDocument, send } from '../support/client.js';
import { useService } from '../support/process.js';
import { runDirectory } from '../support/run-directory.js';

const ROOT = resolve(import.meta.dirname, '../..');
const TOOLS = join(ROOT, 'clients/postman');
const ARTIFACTS = join(ROOT, 'artifacts');
const DEADLINE_MS = 120_000;

interface Collection {
  item: {
    name: string;
    item: { name: string; request: { method: string; url: { query: { disabled?: boolean }[] } } }[];
  }[];
}

interface Environment {
  values: { key: string; value: string }[];
}

/** As far as Newman's report is read. */
interface Report {
  run: {
    stats: Record<
      'requests' | 'assertions' | 'tests' | 'testScripts',
      { total: number; failed: number; pending: number }
    >;
    failures: { source: { name: string }; error: { message: string } }[];
    executions: { item: { name: string }; response: { code: number }; request: { url: { query?: object[] } } }[];
  };
}

/** A request as Bruno keeps it. */
interface BrunoItem {
  name: string;
  items?: BrunoItem[];
  request?: {
    method: string;
    url: string;
    params: { name: string; value: string; type: string; enabled: boolean }[];
    headers: { name: string; enabled: boolean }[];
    auth: { mode: string; bearer: { token: string } | null };
    body: { mode: string; json: string | null };
    /** What runs once the answer is there: Postman's tests. */
    script: { res: string };
  };
}

describe('the Postman collection', () => {
  beforeAll(() => ensureInstalled(TOOLS), 600_000);
  const service = useService();
  const receivers = useReceivers();

  const fetchJson = async <Body>(path: string): Promise<Body> => {
    const { status, text } = await send(service.url, 'GET', path);
    expect(status).toBe(200);
    return JSON.parse(text) as Body;
  };
  const requestsOf = (collection: Collection) => collection.item.flatMap(({ item }) => item);

  /** What Newman says of a run, with the environment that is served beside the collection and what its user puts into it. */
  const runWith = async (values: Record<string, string>): Promise<{ report: Report; shown: string }> => {
    const environment = await fetchJson<Environment>('/postman-environment.json');
    for (const one of environment.values) one.value = values[one.key] ?? one.value;
    const directory = mkdtempSync(join(runDirectory(), 'newman-'));
    const [collectionFile, environmentFile, reportFile] = ['collection', 'environment', 'report'].map((name) =>
      join(directory, `${name}.json`),
    ) as [string, string, string];
    writeFileSync(collectionFile, JSON.stringify(await fetchJson('/postman.json')));
    writeFileSync(environmentFile, JSON.stringify(environment));
    const reporters = ['--reporters', 'cli,json', '--reporter-json-export', reportFile, '--color', 'off'];
    const args = ['newman', 'run', collectionFile, '--environment', environmentFile, ...reporters];
    const { PATH = '', HOME = '' } = process.env;
    const options = {
      cwd: TOOLS,
      // npx takes what is installed here, and nothing else.
      env: { PATH, HOME, CI: 'true', npm_config_yes: 'false', npm_config_offline: 'true' },
      timeout: DEADLINE_MS,
    };
    const { stdout } = await promisify(execFile)('npx', args, options).catch((error: Error & { stdout?: string }) => ({
      stdout: error.stdout ?? error.message,
    }));
    return { report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report, shown: stdout };
  };

  it('is run by Newman from top to bottom, twice: every request answers what it should', async () => {
    const { client, token } = await service.tenant();
    const receiver = await receivers.start();
    const values = { token, admin_token: service.adminToken, target_url: receiver.url('/postman') };
    const operations = requestsOf(await fetchJson<Collection>('/postman.json')).length;
    for (const run of ['first', 'second']) {
      const { report, shown } = await runWith(values);
      const { stats, failures, executions } = report.run;
      const told = failures.map(({ source, error }) => `${source.name}: ${error.message}`);
      expect({ run, told }).toEqual({ run, told: [] });
      expect(executions.length).toBe(operations);
      expect(stats.requests).toMatchObject({ total: operations, failed: 0, pending: 0 });
      expect(stats.assertions).toMatchObject({ total: operations, failed: 0, pending: 0 });
      expect(stats.testScripts).toMatchObject({ total: operations, failed: 0, pending: 0 });
      for (const { item, request } of executions) {
        const sent = { name: item.name, query: (request.url.query ?? []).filter((one) => !('disabled' in one)) };
        expect(sent).toEqual({ name: item.name, query: [] });
      }
      mkdirSync(ARTIFACTS, { recursive: true });
      for (const secret of Object.values(values).slice(0, 2)) expect(shown).not.toContain(secret);
      writeFileSync(join(ARTIFACTS, 'newman.txt'), shown);
    }
    // What it made it deleted.
    expect((await client.get<{ result: object[] }>('/webhook')).expect(200).result).toEqual([]);
    const environments = (await service.admin.get<{ result: { name: string }[] }>('/environment')).expect(200);
    expect(environments.result.map(({ name }) => name)).not.toContain('Production');
    expect(receiver.requests.length).toBeGreaterThan(0);
  });

  it('fails in Newman where the service does not answer as documented', async () => {
    const { report } = await runWith({ token: 'no-token', admin_token: 'no-token' });
    const { stats, failures } = report.run;
    expect(stats.assertions.failed).toBeGreaterThan(30);
    expect(failures[0]!.error.message).toMatch(/401/);
  });

  it('is opened by Bruno with every request as it is', async () => {
    const collection = await fetchJson<Collection>('/postman.json');
    // Of a CommonJS package whose types are none.
    const { postmanToBruno, postmanToBrunoEnvironment } = createRequire(join(TOOLS, 'package.json'))(
      '@usebruno/converters',
    ) as {
      postmanToBruno: (collection: unknown) => Promise<{ collection: { items: BrunoItem[] }; issues: unknown[] }>;
      postmanToBrunoEnvironment: (environment: unknown) => { variables: { name: string; secret: boolean }[] };
    };
    const { collection: opened, issues } = await postmanToBruno(structuredClone(collection));
    expect(issues).toEqual([]);
    const { items } = opened;
    expect(items.map(({ name }) => name)).toEqual(collection.item.map(({ name }) => name));
    const inFolders = items.flatMap((folder) => folder.items!);
    const document = await fetchDocument(service.url);
    const operations = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} {{base_url}}${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    );
    const requests = inFolders.map(({ request }) => `${request!.method} ${request!.url.split('?')[0]}`);
    expect(requests.toSorted()).toEqual(operations.toSorted());
    for (const [index, { name, request }] of inFolders.entries()) {
      const source = requestsOf(collection)[index]!;
      expect(name).toBe(source.name);
      const { params, script, auth, body } = request!;
      expect(params.filter(({ type, enabled }) => type === 'query' && enabled)).toEqual([]);
      expect(params.filter(({ type }) => type === 'query').length).toBe(source.request.url.query.length);
      for (const { value, enabled } of params.filter(({ type }) => type === 'path')) {
        expect({ value, enabled }).toEqual({ value: expect.stringMatching(/^\{\{\w+_id\}\}$/), enabled: true });
      }
      expect(script.res).toContain('test(');
      if (body.mode === 'json') expect(() => JSON.parse(body.json!) as unknown).not.toThrow();
      expect(['inherit', 'none', 'bearer']).toContain(auth.mode);
    }
    const { variables } = postmanToBrunoEnvironment(await fetchJson('/postman-environment.json'));
    expect(variables.map(({ name }) => name)).toEqual(['base_url', 'token', 'admin_token', 'target_url']);
    expect(variables.filter(({ secret }) => secret).map(({ name }) => name)).toEqual(['token', 'admin_token']);
  });
});
