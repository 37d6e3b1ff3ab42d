import { Injectable, Module } from '@nestjs/common';

/** What must work before this process should be sent requests. */
export const READINESS_CHECK_NAMES = ['database', 'storage', 'migrations', 'dispatcher'] as const;

export type ReadinessCheckName = (typeof READINESS_CHECK_NAMES)[number];

/** Whether the thing works now. A rejection or an answer after a second counts as no. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

/** Where each part of the application leaves its check at start; readiness asks them all. */
@Injectable()
export class ReadinessChecks {
  private readonly checks = new Map<ReadinessCheckName, ReadinessCheck>();

  register(name: ReadinessCheckName, check: ReadinessCheck): void {
    this.checks.set(name, check);
  }

  /** The check of this name; one that nobody has left fails. */
  get(name: ReadinessCheckName): ReadinessCheck {
    return this.checks.get(name) ?? ((): boolean => false);
  }
}

/** For who leaves a check, and for who asks them. */
@Module({ providers: [ReadinessChecks], exports: [ReadinessChecks] })
export class ReadinessModule {}
