import { join, relative } from 'node:path';
import { CREDENTIAL_FILES } from './config/first-boot.js';

/**
 * What to type next, for somebody who has just started the embedded engine: shorter, what stands on README's first
 * page.
 */
export function welcome(dataDir: string, port: string): string {
  const fileOf = (name: string): string => relative(process.cwd(), join(dataDir, name));
  const apiToken = fileOf(CREDENTIAL_FILES.apiToken);
  const webhook = fileOf('webhook.json');
  const url = `http://localhost:${port}`;
  return `
  Tidings is ready. API documentation: ${url}/docs
  API token of the environment "default": ${apiToken}
  Admin token: ${fileOf(CREDENTIAL_FILES.adminToken)}

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
