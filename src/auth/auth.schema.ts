import type { FeatureSchema } from '../database/feature-schema.js';
import { ApiToken } from './api-token.entity.js';
import { Environment } from './environment.entity.js';

export const authSchema: FeatureSchema = { entities: [Environment, ApiToken], statements: [] };
