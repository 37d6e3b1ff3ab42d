import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ReadinessChecks } from '../common/readiness-checks.js';
import { databaseTime } from '../database/database-time.js';
import { hasRunAllMigrations } from '../database/migrator.js';

@Injectable()
export class DatabaseReadiness {
  private isMigrated = false;

  constructor(
    private readonly dataSource: DataSource,
    checks: ReadinessChecks,
  ) {
    checks.register('database', () => this.answers());
    checks.register('migrations', () => this.hasSchemaOfThisVersion());
  }

  private async answers(): Promise<boolean> {
    await databaseTime(this.dataSource);
    return true;
  }

  /** Migrations are never undone under a running process, so a positive answer is kept. */
  private async hasSchemaOfThisVersion(): Promise<boolean> {
    this.isMigrated ||= await hasRunAllMigrations(this.dataSource);
    return this.isMigrated;
  }
}
