import { Injectable } from '@nestjs/common';
import { READINESS_CHECK_NAMES, type ReadinessCheck, ReadinessChecks } from '../common/readiness-checks.js';
import { ShutdownState } from '../http/shutdown-state.js';
import { within } from '../common/within.js';
import { DatabaseTroubles } from '../database/database-troubles.js';
import type { HealthStatus, ReadinessChecksDto, ReadinessDto } from './dto/health.dto.js';

/** Orchestrators usually give the whole probe one or a few seconds. */
const CHECK_DEADLINE_MS = 1_000;

@Injectable()
export class HealthService {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly shutdown: ShutdownState,
    private readonly troubles: DatabaseTroubles,
  ) {}

  async readiness(): Promise<ReadinessDto> {
    const entries = READINESS_CHECK_NAMES.map(
      async (name) => [name, await statusOf(this.checks.get(name), CHECK_DEADLINE_MS)] as const,
    );
    const checks = Object.fromEntries(await Promise.all(entries)) as unknown as ReadinessChecksDto;
    const isReady = !this.shutdown.isLeaving && Object.values(checks).every((status) => status === 'ok');
    return { status: isReady ? 'ok' : 'unavailable', checks, database_trouble: this.troubles.recent() };
  }
}

export async function statusOf(check: ReadinessCheck, deadlineMs: number): Promise<HealthStatus> {
  try {
    const answer = Promise.resolve(check());
    return (await within(deadlineMs, answer, () => new Error('The check took too long'))) ? 'ok' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}
