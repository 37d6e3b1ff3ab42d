import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { AppModule } from './app.module.js';
import { createApp } from './app.setup.js';
import { loadConfig } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { resolveCredentials } from './config/first-boot.js';
import { DataDirectory } from './database/data-directory.js';
import { exitOnFault, explain } from './fault.js';
import { closeOnSignal } from './shutdown.js';
import { welcome } from './welcome.js';

async function start(): Promise<void> {
  const given = loadConfig(readEnvironment());
  // Before the first file is made in it: a second process must not touch what is another's.
  if (given.databaseUrl === null) DataDirectory.claim(given.dataDir);
  const config = await resolveCredentials(given);
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
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
}
