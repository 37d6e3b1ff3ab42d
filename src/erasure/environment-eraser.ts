import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { BackgroundTask } from '../common/background-task.js';
import { PIPELINE } from '../database/data-sources.js';
import { eraseChunk, postponeErasure } from './erase-environment.js';

const ROUND_MS = 5_000;

/** The pause after each chunk, in multiples of its time: others use the database meanwhile. */
const PAUSE = { times: 4, minMs: 50 };

/** How long an environment waits after a failed erasure. */
const POSTPONED_MS = 60_000;

/** Removes the contents of deleted environments in small chunks, so that others do not notice. */
@Injectable()
export class EnvironmentEraser implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EnvironmentEraser.name);
  private readonly task = new BackgroundTask({
    context: EnvironmentEraser.name,
    purpose: 'erase deleted environments',
    everyMs: ROUND_MS,
    round: () => this.round(),
  });

  constructor(@InjectDataSource(PIPELINE) private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.task.start();
  }

  onModuleDestroy(): Promise<void> {
    return this.task.stop();
  }

  async round(): Promise<void> {
    for (let pauseMs = PAUSE.minMs; !this.task.isStopping;) {
      const startedAt = performance.now();
      const step = await eraseChunk(this.dataSource, pauseMs);
      if (step.kind === 'idle') return;
      if (step.kind === 'done') this.logger.log({ msg: 'environment erased', environment_id: step.environmentId });
      if (step.kind === 'failed') {
        const { environmentId, error } = step;
        this.logger.error({
          msg: 'environment could not be erased further',
          environment_id: environmentId,
          err: error,
        });
        await postponeErasure(this.dataSource, environmentId, POSTPONED_MS);
      }
      const nextPauseMs = Math.max(PAUSE.minMs, Math.ceil((performance.now() - startedAt) * PAUSE.times));
      // Not shorter than the environment's pause: its next chunk would not be found.
      await this.task.pause(Math.max(pauseMs, nextPauseMs));
      pauseMs = nextPauseMs;
    }
  }
}
