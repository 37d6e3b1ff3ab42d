import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../../common/background-task.js';
import { wipeEndedSecrets } from './webhook-secrets.repository.js';

/** A secret that has ended signs nothing any more, and is in the database for at most this long. */
const ROUND_MS = 60_000;

/** Erases the secrets whose overlap is over. */
@Injectable()
export class EndedSecretWiper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly task = new BackgroundTask({
    context: EndedSecretWiper.name,
    purpose: 'erase ended secrets',
    everyMs: ROUND_MS,
    round: () => this.wipe(),
  });

  constructor(private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  private async wipe(): Promise<void> {
    while (await wipeEndedSecrets(this.dataSource.manager));
  }
}
