import type { FeatureSchema } from '../database/feature-schema.js';
import { COUNT_RECOVERABLE } from './count-recoverable.js';
import { RECOVER_DELIVERIES } from './recover-deliveries.js';

export const recoverySchema: FeatureSchema = { entities: [], statements: [COUNT_RECOVERABLE, RECOVER_DELIVERIES] };
