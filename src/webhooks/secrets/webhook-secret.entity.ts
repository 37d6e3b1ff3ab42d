import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Live while it has a ciphertext and has not expired; the newest live one signs first. */
@Entity('webhook_secret')
export class WebhookSecret {
  @PrimaryColumn('uuid', { name: 'environment_id' })
  environmentId: string;

  @PrimaryColumn('uuid', { name: 'webhook_id' })
  webhookId: string;

  @PrimaryColumn('uuid')
  id: string;

  /** Which key of ENCRYPTION_KEYS opens it; null once wiped. */
  @Column('text', { name: 'key_id', nullable: true })
  keyId: string | null;

  /** As `SecretVault` makes it; null once wiped. */
  @Column('bytea', { nullable: true })
  ciphertext: Buffer | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  /** Null: no end. */
  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;
}
