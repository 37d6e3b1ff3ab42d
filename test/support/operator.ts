import type { DataSource } from 'typeorm';
import { type Envelope, envelopeOf, type Receiver } from './receiver.js';

export const OPERATOR_SECRET = 'canary-operator-secret-of-enough-length';

/** The settings that deliver operational events to the receiver. */
export function operatorSettings(receiver: Receiver, path = '/operator'): Record<string, string> {
  return { OPERATOR_WEBHOOK_URL: receiver.url(path), OPERATOR_WEBHOOK_SECRET: OPERATOR_SECRET };
}

/** An operational event as its receiver reads it. */
export interface ToldEvent extends Envelope {
  payload: Record<string, unknown>;
}

/** What the operator was told so far, in the order of its arrival. */
export function toldTo(receiver: Receiver, type?: string): ToldEvent[] {
  const told = receiver.requests.map((request) => envelopeOf(request) as ToldEvent);
  return type === undefined ? told : told.filter(({ event }) => event === type);
}

export interface StoredOperatorWebhook {
  environment_id: string;
  webhook_id: string;
  is_on: boolean;
  target_url: string;
  is_active: boolean;
  event_types: string[] | null;
  revision: number;
}

export async function operatorWebhookIn(database: DataSource): Promise<StoredOperatorWebhook | undefined> {
  const [row] = await database.query<StoredOperatorWebhook[]>(
    `SELECT o.environment_id, o.webhook_id, o.is_on, w.target_url, w.is_active, w.event_types, w.revision
     FROM operator_webhook o JOIN webhook w ON w.id = o.webhook_id`,
  );
  return row;
}
