import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * API tokens for one webhook: of the token's own environment, which the key of the reference holds. What is there reaches
 * all of its environment, as before. A webhook's tokens are found through the primary key, which begins with the
 * environment.
 *
 * Locks: api_token against everything and webhook against writing, for a moment: nothing is rewritten, and where the column
 * is NULL there is nothing to check. The version before, during an upgrade, takes a token of one webhook for one of the
 * environment; none can be made before a replica of this version runs.
 * Undo: `down` deletes these tokens, which would reach everything then.
 */
export class WebhookTokens1765900000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      `ALTER TABLE api_token
         ADD COLUMN webhook_id uuid,
         ADD CONSTRAINT api_token_webhook FOREIGN KEY (environment_id, webhook_id) REFERENCES webhook (environment_id, id)`,
    );
    await queryRunner.query(
      `COMMENT ON COLUMN api_token.webhook_id IS 'the one webhook that it is for; NULL: everything in the environment'`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DELETE FROM api_token WHERE webhook_id IS NOT NULL`);
    await queryRunner.query(`ALTER TABLE api_token DROP COLUMN webhook_id`);
  }
}
