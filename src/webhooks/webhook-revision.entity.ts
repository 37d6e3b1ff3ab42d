import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-types.js';

/** A webhook as it was from `changedAt` until the next revision. */
@Entity('webhook_revision')
export class WebhookRevision {
  @PrimaryColumn('uuid', { name: 'environment_id' })
  environmentId: string;

  @PrimaryColumn('uuid', { name: 'webhook_id' })
  webhookId: string;

  @PrimaryColumn('integer')
  revision: number;

  @Column('text', { name: 'target_url' })
  targetUrl: string;

  @Column('boolean', { name: 'is_active' })
  isActive: boolean;

  @Column('text', { name: 'event_types', array: true, nullable: true })
  eventTypes: EventType[] | null;

  @Column('boolean', { name: 'is_deleted' })
  isDeleted: boolean;

  /** `admin`, `system`, or the id of an API token. */
  @Column('text', { name: 'changed_by' })
  changedBy: string;

  @Column({ type: 'timestamptz', name: 'changed_at', precision: 3 })
  changedAt: Date;
}
