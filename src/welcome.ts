import { join, relative } from 'node:path';
import type { Config } from './config/config.js';
import { CREDENTIAL_FILES } from './config/first-boot.js';

/** What to type next, for somebody who has just started the embedded engine. The same commands are on README's first page. */
export function welcome({ dataDir, port }: Pick<Config, 'dataDir' | 'port'>): string {
  const file = (name: string): string => relative(process.cwd(), join(dataDir, name)) || name;
  const apiToken = file(CREDENTIAL_FILES.apiToken);
  const url = `http://localhost:${port}`;
  return `
  Tidings is ready.   API documentation: ${url}/docs
  API token of the environment "default": ${apiToken}   admin token: ${file(CREDENTIAL_FILES.adminToken)}

  Next, in a second terminal:

    npm run listen

  and in a third one, register it and publish an event:

    curl -X POST ${url}/webhook \\
      -H "Authorization: Bearer $(cat ${apiToken})" -H 'Content-Type: application/json' \\
      -d '{ "target_url": "http://localhost:4000/" }'

    curl -X POST ${url}/event \\
      -H "Authorization: Bearer $(cat ${apiToken})" -H 'Content-Type: application/json' \\
      -d '{ "event_type": "record:created", "payload": { "hello": "world" } }'

`;
}
