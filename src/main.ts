import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { setFlagsFromString } from 'node:v8';
import { type Config, loadConfig } from './config/config.js';
import { sweepCredentials } from './config/credential-file.js';
import { readEnvironment } from './config/environment.js';
import { CREDENTIAL_FILES, resolveCredentials } from './config/first-boot.js';
import { DataDirectory } from './database/data-directory.js';
import { EmbeddedPostgres } from './database/embedded-postgres.js';
import { freedHostsRule } from './egress/freed-hosts-rule.js';
import { operatorTargetRule } from './egress/operator-target-rule.js';
import { exitOnFault, explain } from './fault.js';
import { closeOnSignal } from './shutdown.js';
import { welcome } from './welcome.js';

/**
 * How much V8 lets the heap grow beyond what lives in it before it looks for garbage, in percent. By itself it lets it
 * treble: events that are being delivered live just long enough to be taken for lasting, so most of the heap was garbage,
 * 323 MB under full load instead of 195, at the same speed.
 */
const HEAP_GROWTH_PERCENT = 50;

/** What is known of the settings when the start fails. */
let given: Config | null = null;

async function start(): Promise<void> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  given = loadConfig(readEnvironment(), [freedHostsRule, operatorTargetRule]);
  if (given.databaseUrl === null) {
    // Claimed before the first file is made in it: a second process must not touch what is another's. Started before
    // the application is loaded, which asks for it, and is told then if it failed: the two take about as long, in a
    // thread each.
    EmbeddedPostgres.start(DataDirectory.claim(given.dataDir)).catch(() => undefined);
    await sweepCredentials(given.dataDir, Object.values(CREDENTIAL_FILES));
  }
  const config = await resolveCredentials(given);
  const [{ AppModule }, { createApp }] = await Promise.all([import('./app.module.js'), import('./app.setup.js')]);
  const app = await createApp(config, AppModule.forRoot(config));
  exitOnFault();
  closeOnSignal(() => app.close(), config.shutdownTimeoutMs);
  await app.listen(config.port, config.host);
  const url = await app.getUrl();
  new Logger('Tidings').log(`listening on ${url}`);
  if (config.isProduction || config.databaseUrl !== null) return;
  process.stdout.write(welcome(config.dataDir, new URL(url).port));
}

try {
  await start();
} catch (error) {
  process.stderr.write(`${explain(error, given)}\n`);
  process.exit(1);
}
