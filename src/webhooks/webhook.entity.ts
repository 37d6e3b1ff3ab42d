import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { EventType } from './event-types.js';

/** Asked for, or the endpoint answered 410, or it failed for days. */
export const DISABLED_REASONS = ['manual', 'gone', 'failing'] as const;
export type DisabledReason = (typeof DISABLED_REASONS)[number];

@Entity('webhook')
export class Webhook {
  @PrimaryColumn('uuid', { name: 'environment_id' })
  environmentId: string;

  @PrimaryColumn('uuid')
  id: string;

  /** As it was sent: parsed and checked again at each use. */
  @Column('text', { name: 'target_url' })
  targetUrl: string;

  @Column('boolean', { name: 'is_active' })
  isActive: boolean;

  /** Null: every type, later ones too. */
  @Column('text', { name: 'event_types', array: true, nullable: true })
  eventTypes: EventType[] | null;

  /** Counts the changes, from 1. */
  @Column('integer')
  revision: number;

  /** Null while the webhook is active. */
  @Column({ type: 'timestamptz', name: 'disabled_at', precision: 3, nullable: true })
  disabledAt: Date | null;

  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason: DisabledReason | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt: Date;

  /** The row stays, because deliveries name it until their retention ends. */
  @Column({ type: 'timestamptz', name: 'deleted_at', precision: 3, nullable: true })
  deletedAt: Date | null;
}
