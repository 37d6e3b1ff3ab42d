import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ReadinessChecks } from '../common/readiness-checks.js';

/** Checks that the database answers and has the schema of this version. */
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
    await this.dataSource.query('SELECT 1');
    return true;
  }

  /** Migrations are never undone under a running process, so a positive answer is kept. */
  private async hasSchemaOfThisVersion(): Promise<boolean> {
    this.isMigrated ||= await this.hasRunEveryMigration();
    return this.isMigrated;
  }

  private async hasRunEveryMigration(): Promise<boolean> {
    const { migrations, options } = this.dataSource;
    const rows = await this.dataSource.query<{ name: string }[]>(`SELECT name FROM ${options.migrationsTableName}`);
    const executed = new Set(rows.map(({ name }) => name));
    return migrations.every(({ name, constructor }) => executed.has(name ?? constructor.name));
  }
}
