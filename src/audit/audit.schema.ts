import type { FeatureSchema } from '../database/feature-schema.js';
import { AuditEntry } from './audit-entry.entity.js';

export const auditSchema: FeatureSchema = { entities: [AuditEntry], statements: [] };
