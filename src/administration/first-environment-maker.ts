import { join } from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Environment } from '../auth/environment.entity.js';
import { SYSTEM_ACTOR } from '../auth/principal.js';
import { Config } from '../config/config.js';
import { writeCredential } from '../config/credential-file.js';
import { CREDENTIAL_FILES } from '../config/first-boot.js';
import { DatabaseClock } from '../database/database-clock.js';
import { insertApiToken } from './api-tokens.repository.js';
import { issueApiToken } from './api-tokens.service.js';
import { insertEnvironment } from './environments.repository.js';
import { newEnvironment } from './environments.service.js';

const NAME = 'default';

/**
 * Makes an embedded database that never had an environment usable: with the environment `default`, and its API token in
 * DATA_DIR/api-token.
 */
@Injectable()
export class FirstEnvironmentMaker implements OnModuleInit {
  private readonly logger = new Logger(FirstEnvironmentMaker.name);

  constructor(
    private readonly config: Config,
    private readonly dataSource: DataSource,
    private readonly clock: DatabaseClock,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.config.databaseUrl !== null || (await this.dataSource.manager.exists(Environment))) return;

    const now = this.clock.now();
    const environment = newEnvironment(NAME, now);
    const order = { name: NAME, environmentId: environment.id, webhookId: null, expiresAt: null };
    const { token, text } = issueApiToken(order, now);
    // The file first: a start after a kill finds no environment and replaces the file. In the other order a token could
    // exist that nobody knows.
    await writeCredential(this.config.dataDir, CREDENTIAL_FILES.apiToken, text);
    await this.dataSource.transaction(async (manager) => {
      await insertEnvironment(manager, environment, SYSTEM_ACTOR);
      await insertApiToken(manager, token, SYSTEM_ACTOR);
    });
    const file = join(this.config.dataDir, CREDENTIAL_FILES.apiToken);
    this.logger.log(
      `Made the environment ${NAME} (${environment.id}). Its API token is in ${file}; ` +
        `send it in each request: Authorization: Bearer $(cat ${file})`,
    );
  }
}
