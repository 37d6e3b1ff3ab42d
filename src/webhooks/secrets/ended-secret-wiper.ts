import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../../common/background-task.js';
import { wipeEndedSecrets } from './webhook-secrets.repository.js';

/** An ended secret is in the database for this long at most. */
const ROUND_MS = 60_000;

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
