import { Injectable, Module } from '@nestjs/common';

export const READINESS_CHECK_NAMES = ['database', 'storage', 'migrations', 'dispatcher'] as const;

export type ReadinessCheckName = (typeof READINESS_CHECK_NAMES)[number];

/** A rejection, or an answer after 0.7 s, counts as false. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

@Injectable()
export class ReadinessChecks {
  private readonly checks = new Map<ReadinessCheckName, ReadinessCheck>();

  register(name: ReadinessCheckName, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** A check that nobody has left fails. */
  get(name: ReadinessCheckName): ReadinessCheck {
    return this.checks.get(name) ?? ((): boolean => false);
  }
}

@Module({ providers: [ReadinessChecks], exports: [ReadinessChecks] })
export class ReadinessModule {}
