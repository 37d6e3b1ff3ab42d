import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
/** Both tools take seconds to load, and have taken 50 s on two cores that were busy with much else. */
const DEADLINE_MS = 180_000;
const RULES = ['redocly.yaml', '.redocly.lint-ignore.yaml', '.spectral.yaml'];

interface Document {
  paths: Record<string, Record<string, { summary?: string; description?: string }>>;
  components: { schemas: Record<string, { properties: Record<string, object> }> };
}

describe('npm run openapi:lint', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidings-lint-'));
    for (const file of [...RULES, 'openapi-3.0.json']) copyFileSync(join(ROOT, file), join(directory, file));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  it(
    'fails with each fault of the document, whichever tool finds it, and with nothing else',
    () => {
      const document = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as Document;
      // Each is a rule of one tool alone.
      delete document.paths['/me']!['get']!.summary;
      delete document.paths['/event-type']!['get']!.description;
      document.components.schemas['WebhookTestResult']!.properties['success'] = { type: 'boolean', enum: [true] };
      document.components.schemas['Webhook']!.properties['is_active'] = { type: 'boolean', const: true };
      writeFileSync(join(directory, 'openapi.json'), JSON.stringify(document, null, 2));
      const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/lint-openapi.mjs'), directory], {
        encoding: 'utf8',
      });
      expect(status).toBe(1);
      const findings = [...stderr.matchAll(/^ *\d+:\d+ +(?:error|warning) +(\S+)/gm)].map(([, rule]) => rule!);
      expect(findings.sort()).toEqual(['operation-description', 'operation-summary', 'string-enums', 'string-enums']);
    },
    DEADLINE_MS,
  );
});
