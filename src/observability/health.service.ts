import { Injectable } from '@nestjs/common';
import { READINESS_CHECK_NAMES, type ReadinessCheck, ReadinessChecks } from '../common/readiness-checks.js';
import { ShutdownState } from '../common/shutdown-state.js';
import { within } from '../common/within.js';
import type { HealthStatus, ReadinessChecksDto, ReadinessDto } from './health.dto.js';

/** How long a check may take; orchestrators commonly give the whole probe a second or a few. */
const CHECK_DEADLINE_MS = 1_000;

@Injectable()
export class HealthService {
  constructor(
    private readonly checks: ReadinessChecks,
    private readonly shutdown: ShutdownState,
  ) {}

  async readiness(): Promise<ReadinessDto> {
    const entries = READINESS_CHECK_NAMES.map(
      async (name) => [name, await statusOf(this.checks.get(name), CHECK_DEADLINE_MS)] as const,
    );
    const checks = Object.fromEntries(await Promise.all(entries)) as unknown as ReadinessChecksDto;
    const isReady = !this.shutdown.isStopping && Object.values(checks).every((status) => status === 'ok');
    return { status: isReady ? 'ok' : 'unavailable', checks };
  }
}

/** The check's answer; none within the deadline is `unavailable`, whatever it says later. */
export async function statusOf(check: ReadinessCheck, deadlineMs: number): Promise<HealthStatus> {
  try {
    const answer = Promise.resolve(check());
    return (await within(deadlineMs, answer, () => new Error('The check took too long'))) ? 'ok' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}
