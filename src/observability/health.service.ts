import { Injectable } from '@nestjs/common';
import {
  READINESS_CHECK_NAMES,
  type ReadinessCheck,
  type ReadinessCheckName,
  ReadinessChecks,
} from '../common/readiness-checks.js';
import { Config } from '../config/config.js';
import { ShutdownState } from '../http/shutdown-state.js';
import { within } from '../common/within.js';
import { DatabaseTroubles } from '../database/database-troubles.js';
import { ANSWER_MS } from '../workers/messages.js';
import { Siblings } from '../workers/siblings.js';
import {
  type HealthStatus,
  READINESS_STATUSES,
  type ReadinessChecksDto,
  type ReadinessDto,
  type ReadinessStatus,
} from './dto/health.dto.js';

/**
 * A worker that waits for the database must answer the others in time, and be told from one that hangs. Orchestrators
 * usually give the whole probe one or a few seconds.
 */
const CHECK_DEADLINE_MS = ANSWER_MS - 200;

@Injectable()
export class HealthService {
  /** Since when each look has found the database without an answer. */
  private awaySinceMs: number | null = null;

  constructor(
    private readonly checks: ReadinessChecks,
    private readonly shutdown: ShutdownState,
    private readonly troubles: DatabaseTroubles,
    private readonly config: Config,
    private readonly siblings: Siblings,
  ) {
    siblings.onQuestion('readiness', () => this.ownReadiness());
  }

  /**
   * Of all workers that serve: whichever is asked tells the same. One that is being started again, or was told to stop
   * alone, gets no requests, so it does not count; nor does one that does not answer. At the first start all are waited
   * for: connections stay with the worker that took them.
   */
  async readiness(): Promise<ReadinessDto> {
    const [own, others] = await Promise.all([this.ownReadiness(), this.siblings.ask('readiness', null)]);
    const isLeft = this.shutdown.isLeaving && others.length > 0;
    const whole = (others as ReadinessDto[]).reduce(worstOf, isLeft ? (others[0] as ReadinessDto) : own);
    return this.siblings.areStarting ? { ...whole, status: 'unavailable' } : whole;
  }

  private async ownReadiness(): Promise<ReadinessDto> {
    const entries = READINESS_CHECK_NAMES.map(
      async (name) =>
        [name, await statusOf(this.checks.get(name), CHECK_DEADLINE_MS, () => this.onLate(name))] as const,
    );
    const checks = Object.fromEntries(await Promise.all(entries)) as unknown as ReadinessChecksDto;
    return { status: this.statusFor(checks), checks, database_trouble: this.troubles.recent() };
  }

  /** The statement itself is given up later. */
  private onLate(name: ReadinessCheckName): void {
    if (name === 'database') this.troubles.noteSilence();
  }

  private statusFor(checks: ReadinessChecksDto): ReadinessStatus {
    const nowMs = performance.now();
    if (checks.database === 'ok') this.awaySinceMs = null;
    else this.awaySinceMs ??= nowMs;
    if (this.shutdown.isLeaving) return 'unavailable';
    if (Object.values(checks).every((status) => status === 'ok')) return 'ok';
    if (this.awaySinceMs === null || !this.troubles.isPassing) return 'unavailable';
    return nowMs - this.awaySinceMs < this.config.acceptWaitMs ? 'waiting' : 'unavailable';
  }
}

export function worstOf(one: ReadinessDto, other: ReadinessDto): ReadinessDto {
  const checks = READINESS_CHECK_NAMES.map((name) => [name, worse(one.checks[name], other.checks[name])] as const);
  return {
    status: worse(one.status, other.status),
    checks: Object.fromEntries(checks) as unknown as ReadinessChecksDto,
    database_trouble: one.database_trouble ?? other.database_trouble,
  };
}

/** Statuses are listed from the best to the worst. */
function worse<Status extends ReadinessStatus>(one: Status, other: Status): Status {
  return READINESS_STATUSES.indexOf(other) > READINESS_STATUSES.indexOf(one) ? other : one;
}

export async function statusOf(
  check: ReadinessCheck,
  deadlineMs: number,
  onLate: () => void = () => undefined,
): Promise<HealthStatus> {
  const late = (): Error => {
    onLate();
    return new Error('The check took too long');
  };
  try {
    return (await within(deadlineMs, Promise.resolve(check()), late)) ? 'ok' : 'unavailable';
  } catch {
    return 'unavailable';
  }
}
