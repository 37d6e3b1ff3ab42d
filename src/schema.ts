import { auditSchema } from './audit/audit.schema.js';
import { authSchema } from './auth/auth.schema.js';
import { type FeatureSchema, joinSchemas } from './database/feature-schema.js';
import { deliveriesSchema } from './deliveries/deliveries.schema.js';
import { eventsSchema } from './events/events.schema.js';
import { recoverySchema } from './recovery/recovery.schema.js';
import { statsSchema } from './stats/stats.schema.js';
import { webhooksSchema } from './webhooks/webhooks.schema.js';

/** Not part of the features' modules: a start makes the database ready before it loads the application. */
export const schema: FeatureSchema = joinSchemas(
  authSchema,
  auditSchema,
  webhooksSchema,
  deliveriesSchema,
  eventsSchema,
  recoverySchema,
  statsSchema,
);
