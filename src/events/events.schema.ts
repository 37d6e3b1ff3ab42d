import type { FeatureSchema } from '../database/feature-schema.js';
import { LIST_EVENTS, LIST_EVENTS_BY_ID } from './event-reads.js';

export const eventsSchema: FeatureSchema = { entities: [], statements: [LIST_EVENTS, LIST_EVENTS_BY_ID] };
