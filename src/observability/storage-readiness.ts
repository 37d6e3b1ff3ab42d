import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ReadinessChecks } from '../common/readiness-checks.js';
import { DatabaseTroubles, isStorageTrouble } from '../database/database-troubles.js';
import { probeStorage } from '../database/storage-probe.js';

/** How long a successful probe is valid, unless a write fails meanwhile. */
const FRESH_MS = 60_000;
/** How often a failed probe is repeated, however often somebody asks. */
const REPEAT_MS = 1_000;

/**
 * The disk has room, and the database accepts writes. A trouble of the process's statements counts at once. Only a
 * probe can show its end, because nobody sends requests to a replica that is not ready.
 */
@Injectable()
export class StorageReadiness {
  private probed: { isOk: boolean; at: number } = { isOk: false, at: -Infinity };
  private probing: Promise<boolean> | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly troubles: DatabaseTroubles,
    checks: ReadinessChecks,
  ) {
    checks.register('storage', () => this.hasRoom());
  }

  private async hasRoom(): Promise<boolean> {
    const age = performance.now() - this.probed.at;
    if (this.isKnownOk() && age < FRESH_MS) return true;
    if (!this.probed.isOk && age < REPEAT_MS) return false;
    this.probing ??= this.probe().finally(() => {
      this.probing = null;
    });
    return this.probing;
  }

  private isKnownOk(): boolean {
    return this.probed.isOk && this.troubles.lastStorageTroubleAt < this.probed.at;
  }

  private async probe(): Promise<boolean> {
    try {
      await probeStorage(this.dataSource);
      this.probed = { isOk: true, at: performance.now() };
    } catch (error) {
      // A database that does not answer has its own check, and this says nothing about its disk.
      if (!isStorageTrouble(error)) return this.isKnownOk();
      this.probed = { isOk: false, at: performance.now() };
    }
    return this.probed.isOk;
  }
}
