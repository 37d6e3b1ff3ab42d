import type { FeatureSchema } from '../database/feature-schema.js';
import { FIND_BUCKETS } from './stats.repository.js';

export const statsSchema: FeatureSchema = { entities: [], statements: [FIND_BUCKETS] };
