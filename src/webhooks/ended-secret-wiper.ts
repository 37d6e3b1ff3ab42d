import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Repeater } from '../common/repeater.js';
import { wipeEndedSecrets } from './webhook-secrets.repository.js';

/** A secret that has ended signs nothing any more, and is in the database for at most this long. */
const ROUND_MS = 60_000;

/** Erases the secrets whose overlap is over. */
@Injectable()
export class EndedSecretWiper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EndedSecretWiper.name);
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'could not erase ended secrets; trying again in a minute', err: error });
  });

  constructor(private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.repeater.startLater(() => this.wipe());
  }

  onModuleDestroy(): Promise<void> {
    return this.repeater.stop();
  }

  private async wipe(): Promise<void> {
    while (await wipeEndedSecrets(this.dataSource.manager));
  }
}
