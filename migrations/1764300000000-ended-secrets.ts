import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the secrets that have ended and are not wiped yet: a handful among all. */
export class EndedSecrets1764300000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `CREATE INDEX webhook_secret_to_wipe ON webhook_secret (expires_at)
       WHERE expires_at IS NOT NULL AND ciphertext IS NOT NULL`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP INDEX webhook_secret_to_wipe`);
  }
}
