import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Scope } from './principal.js';

@Entity('api_token')
export class ApiToken {
  @PrimaryColumn('uuid', { name: 'environment_id' })
  environmentId: string;

  @PrimaryColumn('uuid')
  id: string;

  @Column({ type: 'uuid', name: 'webhook_id', nullable: true })
  webhookId: string | null;

  @Column('text')
  name: string;

  /** SHA-256 of the whole token: 256 random bits need no salt and no slow hash. */
  @Column('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  @Column('text', { array: true })
  scopes: Scope[];

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', precision: 3, nullable: true })
  lastUsedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;
}
