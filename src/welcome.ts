import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CREDENTIAL_FILES } from './config/first-boot.js';

/**
 * A short form of README's first page, for the embedded engine. It names only files that exist: a token from the
 * settings has no file, and the first environment's file may have been moved.
 */
export function welcome(dataDir: string, port: string): string {
  const fileOf = (name: string): string => relative(process.cwd(), join(dataDir, name));
  const isThere = (name: string): boolean => existsSync(join(dataDir, name));
  const url = `http://localhost:${port}`;
  const hasApiToken = isThere(CREDENTIAL_FILES.apiToken);
  const files = [
    ...(hasApiToken ? [`API token of the environment "default": ${fileOf(CREDENTIAL_FILES.apiToken)}`] : []),
    ...(isThere(CREDENTIAL_FILES.adminToken) ? [`Admin token: ${fileOf(CREDENTIAL_FILES.adminToken)}`] : []),
  ];
  const lines = [`Tidings is ready. API documentation: ${url}/docs`, ...files].map((line) => `  ${line}\n`).join('');
  return `\n${lines}${hasApiToken ? nextSteps(url, fileOf(CREDENTIAL_FILES.apiToken), fileOf('webhook.json')) : ''}\n`;
}

function nextSteps(url: string, apiToken: string, webhook: string): string {
  return `
  Next, in a second terminal, a receiver:

    npm run listen -- --webhook ${webhook}

  and in a third one, register it and publish an event:

    curl -X POST ${url}/webhook \\
      -H "Authorization: Bearer $(cat ${apiToken})" -H 'Content-Type: application/json' \\
      -d '{ "target_url": "http://localhost:4000/" }' | tee ${webhook}

    curl -X POST ${url}/event \\
      -H "Authorization: Bearer $(cat ${apiToken})" -H 'Content-Type: application/json' \\
      -d '{ "event_type": "record:created", "payload": { "hello": "world" } }'

`;
}
