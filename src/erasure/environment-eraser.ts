import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Repeater } from '../common/repeater.js';
import { PipelineDataSource } from '../database/data-sources.js';
import { eraseChunk, postponeErasure } from './erase-environment.js';

/** Between looks for deleted environments. */
const ROUND_MS = 5_000;

/** After each chunk the database is left to others for so many times as long as it took, and this long at least. */
const PAUSE = { times: 4, minMs: 50 };

/** How long an environment waits that could not be erased. */
const POSTPONED_MS = 60_000;

/** Removes what deleted environments held, a little at a time, so that those who are there do not feel it. */
@Injectable()
export class EnvironmentEraser implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(EnvironmentEraser.name);
  private readonly stopping = new AbortController();
  private readonly repeater = new Repeater(ROUND_MS, (error) => {
    this.logger.error({ msg: 'could not erase deleted environments; trying again in five seconds', err: error });
  });

  constructor(@PipelineDataSource() private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.repeater.startLater(() => this.round());
  }

  onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    return this.repeater.stop();
  }

  /** Goes on until nothing is left to remove, or what is left has to wait. */
  async round(): Promise<void> {
    for (let pauseMs = PAUSE.minMs; !this.stopping.signal.aborted;) {
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
      // Not shorter than the pause that the environment was given: its next chunk would not be found.
      await sleep(Math.max(pauseMs, nextPauseMs), undefined, { signal: this.stopping.signal }).catch(() => undefined);
      pauseMs = nextPauseMs;
    }
  }
}
